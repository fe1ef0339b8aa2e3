import type { Operations } from "../../../build/contracts/sts.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const sts = serviceApi<Operations>("sts");
