import type { Operations } from "../../../build/contracts/logs.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const logs = serviceApi<Operations>("logs");
