import type { Operations } from "../../../build/contracts/cloudwatch.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const cloudwatch = serviceApi<Operations>("cloudwatch");

export type AlarmInput = Operations["PutMetricAlarm"]["input"];
