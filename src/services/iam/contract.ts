import type { Operations } from "../../../build/contracts/iam.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const iam = serviceApi<Operations>("iam");
