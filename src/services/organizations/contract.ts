import type { Operations } from "../../../build/contracts/organizations.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const organizations = serviceApi<Operations>("organizations");
