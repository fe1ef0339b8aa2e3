import type { EvaluationFrequency } from "@aws-sdk/client-cloudwatch-logs";
import { table } from "../../kit/table.ts";

export interface AnomalyDetectorRow {
  id: string;
  arn: string;
  detectorName: string;
  logGroupArnList: string[];
  evaluationFrequency: EvaluationFrequency;
  filterPattern?: string;
  kmsKeyId?: string;
  anomalyVisibilityTime: number;
  enabled: boolean;
  creationTime: number;
  lastModifiedTime: number;
  tags: Record<string, string>;
}

/** Anomaly detectors, by account and Region. */
export const anomalyDetectors = table<AnomalyDetectorRow, [account: string, region: string, id: string]>(
  "logs",
  "anomalyDetectors",
);
