import { defineService, operationsIn } from "../../../kit/service.ts";
import * as describeStream from "./describeStream.ts";
import * as getRecords from "./getRecords.ts";

/** DynamoDB Streams: a service of its own on the wire, which reads what DynamoDB's tables leave. */
export default defineService({
  name: "dynamodbstreams",
  eventSource: "dynamodb.amazonaws.com",
  operations: [describeStream, getRecords].flatMap(operationsIn),
  missing: [],
});
