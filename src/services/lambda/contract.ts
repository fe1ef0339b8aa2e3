import type { Operations } from "../../../build/contracts/lambda.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const lambda = serviceApi<Operations>("lambda");
