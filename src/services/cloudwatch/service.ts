import { defineService, operationsIn } from "../../kit/service.ts";
import { act, endMute } from "./alarms/actions.ts";
import * as changeAlarms from "./alarms/changeAlarms.ts";
import * as compositeAlarms from "./alarms/compositeAlarms.ts";
import * as contributors from "./alarms/contributors.ts";
import * as describeAlarms from "./alarms/describeAlarms.ts";
import * as describeHistory from "./alarms/describeHistory.ts";
import { evaluate, evaluateEarly } from "./alarms/evaluate.ts";
import * as metricAlarms from "./alarms/metricAlarms.ts";
import * as muteRules from "./alarms/muteRules.ts";
import { endSuppression } from "./alarms/suppression.ts";
import * as detectors from "./anomaly/detectors.ts";
import * as dashboards from "./dashboards.ts";
import * as getData from "./getData.ts";
import * as getStatistics from "./getStatistics.ts";
import * as insightReport from "./insightRules/report.ts";
import * as insightRules from "./insightRules/rules.ts";
import * as listMetrics from "./listMetrics.ts";
import { missing } from "./missing.ts";
import * as putData from "./putData.ts";
import { keepUp } from "./retention.ts";
import { mergeBatches } from "./store/merge.ts";
import * as metricStreams from "./streams/metricStreams.ts";
import { sendMetrics, streamMinute } from "./streams/send.ts";
import * as tags from "./tags.ts";

/** CloudWatch: metrics, alarms that watch them, dashboards that name them. */
export default defineService({
  name: "cloudwatch",
  eventSource: "monitoring.amazonaws.com",
  operations: [
    putData,
    getStatistics,
    getData,
    listMetrics,
    metricAlarms,
    compositeAlarms,
    describeAlarms,
    describeHistory,
    changeAlarms,
    contributors,
    muteRules,
    detectors,
    metricStreams,
    insightRules,
    insightReport,
    dashboards,
    tags,
  ].flatMap(operationsIn),
  missing,
  timers: { mergeBatches, keepUp, evaluate, evaluateEarly, endSuppression, endMute, streamMinute },
  deliveries: { act: { settle: act }, sendMetrics },
});
