import type { Operations } from "../../../build/contracts/sqs.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const sqs = serviceApi<Operations>("sqs");
