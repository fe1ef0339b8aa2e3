import {
  CancelExportTaskCommand,
  CreateExportTaskCommand,
  CreateLogGroupCommand,
  DescribeExportTasksCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateBucketCommand, PutBucketPolicyCommand, type S3Client } from "@aws-sdk/client-s3";
import { expect } from "vitest";
import type { Forwarding, ForwardingRecording } from "./logsForwardingRecordings.ts";
import { answerOf } from "./recorded.ts";

/** Answers recorded of export tasks, asked again here. */

let serial = 0;

async function scene({ logs, s3 }: Forwarding & { s3: S3Client }) {
  serial += 1;
  const logGroupName = `exported-${serial}`;
  const destination = `exported-${serial}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  await s3.send(new CreateBucketCommand({ Bucket: destination }));
  const arn = `arn:aws:s3:::${destination}`;
  const Principal = { Service: "logs.us-east-1.amazonaws.com" };
  const Statement = [
    { Effect: "Allow", Principal, Action: "s3:GetBucketAcl", Resource: arn },
    { Effect: "Allow", Principal, Action: "s3:PutObject", Resource: `${arn}/*` },
  ];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket: destination, Policy }));
  return { logGroupName, destination, from: 1770226377833, to: 1770399177833 };
}

/** One task at a time: the next case begins once it is over. */
async function over({ logs }: Forwarding, taskId: unknown): Promise<void> {
  const describe = new DescribeExportTasksCommand({ taskId: String(taskId) });
  const code = async () => (await logs.send(describe)).exportTasks?.[0]?.status?.code;
  await expect.poll(code, { timeout: 20_000 }).toBe("COMPLETED");
}

/** `client` is asked for once Cloudkeep has started. */
export const exportRecordings = (client: () => S3Client): ForwardingRecording[] => [
  {
    name: "test_create_export_task",
    run: async (t) => {
      const created = await answerOf(
        t.logs.send(new CreateExportTaskCommand(await scene({ ...t, s3: client() }))),
      );
      await over(t, created.taskId);
      return { "create-export-task": created };
    },
  },
  {
    name: "test_create_export_task_bucket_not_found",
    run: async (t) => {
      const input = { ...(await scene({ ...t, s3: client() })), destination: "there-is-no-such-bucket" };
      return { "error-bucket-not-found": await answerOf(t.logs.send(new CreateExportTaskCommand(input))) };
    },
  },
  {
    name: "test_create_export_task_log_group_not_found",
    run: async (t) => {
      const input = { ...(await scene({ ...t, s3: client() })), logGroupName: "there-is-none" };
      return { "error-log-group-not-found": await answerOf(t.logs.send(new CreateExportTaskCommand(input))) };
    },
  },
  {
    name: "test_describe_export_tasks_not_found",
    run: async ({ logs }) => {
      const taskId = "00000000-0000-4000-8000-000000000000";
      return { "task-not-found": await answerOf(logs.send(new DescribeExportTasksCommand({ taskId }))) };
    },
  },
  {
    name: "test_cancel_export_task_not_found",
    run: async ({ logs }) => {
      const taskId = "00000000-0000-4000-8000-000000000000";
      return { "error-cancel-not-found": await answerOf(logs.send(new CancelExportTaskCommand({ taskId }))) };
    },
  },
  {
    name: "test_create_export_task_with_logs",
    run: async (t) => {
      const input = await scene({ ...t, s3: client() });
      const created = await answerOf(t.logs.send(new CreateExportTaskCommand(input)));
      const taskId = String(created.taskId);
      const described = await answerOf(t.logs.send(new DescribeExportTasksCommand({ taskId })));
      await over(t, taskId);
      // The recorder did not replace the bucket's name.
      const asNamed = JSON.stringify(described).replaceAll(
        `"destination":"${input.destination}"`,
        '"destination":"test-bucket-d5301391"',
      );
      return { "create-export-with-logs": created, "describe-export-with-logs": JSON.parse(asNamed) };
    },
  },
];
