import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { clients, errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newPool, newUser, signIn } from "../testing.ts";

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

it("sign-ins are logged where the pool says so and the log group's policy allows it", async () => {
  const { logs } = clients(cloudkeep, cloudkeep.credentials);
  const logGroupName = "/aws/vendedlogs/pool";
  await logs.createLogGroup({ logGroupName });
  const LogGroupArn = `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${logGroupName}`;
  await logs.putResourcePolicy({
    policyName: "delivery",
    policyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { Service: "delivery.logs.amazonaws.com" },
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: `${LogGroupArn}:*`,
      },
    }),
  });
  const pool = await newPool(cloudkeep, { UserPoolAddOns: { AdvancedSecurityMode: "AUDIT" } });
  const { idp, UserPoolId } = pool;
  const configuration = (LogLevel: "INFO" | "ERROR") => ({
    UserPoolId,
    LogConfigurations: [
      { LogLevel, EventSource: "userAuthEvents" as const, CloudWatchLogsConfiguration: { LogGroupArn } },
    ],
  });
  expect((await errorOf(idp.setLogDeliveryConfiguration(configuration("ERROR")))).name).toBe(
    "InvalidParameterException",
  );
  await idp.setLogDeliveryConfiguration(configuration("INFO"));
  const { LogDeliveryConfiguration } = await idp.getLogDeliveryConfiguration({ UserPoolId });
  expect(LogDeliveryConfiguration).toEqual(configuration("INFO"));
  await newUser(pool, "alice");
  await signIn(pool, "alice");
  const logStreamName = `cognito/${UserPoolId}/userAuthEvents`;
  const lines = await vi.waitFor(async () => {
    const { events = [] } = await logs.getLogEvents({ logGroupName, logStreamName });
    expect(events).toHaveLength(1);
    return events.map(({ message = "" }) => JSON.parse(message));
  });
  expect(lines[0]).toMatchObject({
    eventSource: "USER_AUTH_EVENTS",
    logLevel: "INFO",
    message: { eventType: "SignIn", eventResponse: "Pass" },
    logSourceId: { userPoolId: UserPoolId },
  });
  expect(JSON.stringify(lines)).not.toContain("alice");
});
