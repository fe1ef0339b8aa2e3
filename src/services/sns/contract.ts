import type { Operations } from "../../../build/contracts/sns.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const sns = serviceApi<Operations>("sns");
