import type { Operations } from "../../../build/contracts/kinesis.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const kinesis = serviceApi<Operations>("kinesis");
