import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clients, startForTest } from "../../../../test/harness.ts";
import type { TrailEvent } from "../../../kit/record.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newUser, password } from "../testing.ts";
import { Browser, callback, hostedPool } from "./testing.ts";

let cloudkeep: Cloudkeep;

beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

it("what is asked of the pages stands in the record, as nobody's, without what was typed", async () => {
  const pool = await hostedPool(cloudkeep);
  await newUser(pool, "zoe");
  const query = new URLSearchParams({
    client_id: pool.ClientId,
    redirect_uri: callback,
    response_type: "code",
    state: "a-state",
  });
  const browser = await new Browser().open(`${pool.base}/oauth2/authorize?${query}`);
  await browser.submit("password", { username: "zoe", password: "typed-by-mistake-1" });
  await browser.submit("password", { username: "zoe", password });
  const code = browser.result.get("code") ?? "";
  const answer = await fetch(`${pool.base}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: pool.ClientId,
      code,
      redirect_uri: callback,
    }),
  });
  const { access_token } = (await answer.json()) as { access_token: string };
  const { cloudtrail } = clients(cloudkeep, cloudkeep.credentials);
  const { Events = [] } = await cloudtrail.send(new LookupEventsCommand({ MaxResults: 50 }));
  const texts = Events.map(({ CloudTrailEvent = "{}" }) => CloudTrailEvent);
  const events = texts.map((text) => JSON.parse(text) as TrailEvent);
  for (const secret of ["typed-by-mistake-1", password, code, access_token, "a-state"])
    expect(texts.some((text) => text.includes(secret))).toBe(false);
  const names = events.map(({ eventName }) => eventName);
  for (const name of ["Authorize_GET", "Login_GET", "Login_POST", "Token_POST"])
    expect(names).toContain(name);
  const signIns = events.filter(({ eventName }) => eventName === "Login_POST");
  expect(signIns.map(({ additionalEventData }) => additionalEventData)).toMatchObject([
    { responseParameters: { status: 302 }, userPoolId: pool.UserPoolId, userPoolDomain: pool.domain },
    { responseParameters: { status: 400 } },
  ]);
  expect(signIns[0]).toMatchObject({
    userIdentity: { type: "Unknown", principalId: "Anonymous" },
    eventSource: "cognito-idp.amazonaws.com",
    awsRegion: "us-east-1",
    recipientAccountId: cloudkeep.accountId,
    requestParameters: {},
    responseElements: null,
    readOnly: false,
  });
});
