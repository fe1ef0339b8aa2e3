import type { Operations } from "../../../build/contracts/firehose.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const firehose = serviceApi<Operations>("firehose");
