import {
  CreateEventDataStoreCommand,
  CreateTrailCommand,
  DeregisterOrganizationDelegatedAdminCommand,
  GetEventConfigurationCommand,
  GetInsightSelectorsCommand,
  GetTrailCommand,
  PutEventConfigurationCommand,
  PutInsightSelectorsCommand,
  RegisterOrganizationDelegatedAdminCommand,
} from "@aws-sdk/client-cloudtrail";
import {
  CreateOrganizationCommand,
  EnableAWSServiceAccessCommand,
  ListDelegatedAdministratorsCommand,
} from "@aws-sdk/client-organizations";
import { CreateBucketCommand, PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, newMember, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

/** Settings that are kept, and delegated administrators. */

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

async function newStore(Name: string): Promise<string> {
  const { EventDataStoreArn = "" } = await root.cloudtrail.send(new CreateEventDataStoreCommand({ Name }));
  return EventDataStoreArn;
}

describe("insight selectors", () => {
  it("are kept of a trail, and of an event data store with its destination", async () => {
    const Bucket = "trail-with-insights";
    await root.s3.send(new CreateBucketCommand({ Bucket }));
    const Policy = policyOf({
      Principal: { Service: "cloudtrail.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: `arn:aws:s3:::${Bucket}/*`,
    });
    await root.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await root.cloudtrail.send(new CreateTrailCommand({ Name: "main", S3BucketName: Bucket }));
    const get = new GetInsightSelectorsCommand({ TrailName: "main" });
    expect(await errorOf(root.cloudtrail.send(get))).toMatchObject({
      name: "InsightNotEnabledException",
      message: expect.stringContaining("Trail main does not have Insights enabled."),
    });
    const InsightSelectors = [{ InsightType: "ApiCallRateInsight" as const }];
    const put = new PutInsightSelectorsCommand({ TrailName: "main", InsightSelectors });
    expect(await root.cloudtrail.send(put)).toMatchObject({ InsightSelectors });
    expect(await root.cloudtrail.send(get)).toMatchObject({ InsightSelectors });
    const { Trail } = await root.cloudtrail.send(new GetTrailCommand({ Name: "main" }));
    expect(Trail?.HasInsightSelectors).toBe(true);
    const [EventDataStore, InsightsDestination] = [await newStore("source"), await newStore("insights")];
    const ofStore = { EventDataStore, InsightSelectors };
    const without = await errorOf(root.cloudtrail.send(new PutInsightSelectorsCommand(ofStore)));
    expect(without.name).toBe("InvalidParameterException");
    await root.cloudtrail.send(new PutInsightSelectorsCommand({ ...ofStore, InsightsDestination }));
    const answer = await root.cloudtrail.send(new GetInsightSelectorsCommand({ EventDataStore }));
    expect(answer).toMatchObject({ InsightSelectors, InsightsDestination });
  });
});

describe("an event configuration", () => {
  it("is kept", async () => {
    const EventDataStore = await newStore("configured");
    const ContextKeySelectors = [{ Type: "TagContext" as const, Equals: ["team"] }];
    const small = new PutEventConfigurationCommand({ EventDataStore, ContextKeySelectors });
    expect((await errorOf(root.cloudtrail.send(small))).name).toBe("InvalidParameterException");
    const large = { EventDataStore, ContextKeySelectors, MaxEventSize: "Large" as const };
    await root.cloudtrail.send(new PutEventConfigurationCommand(large));
    const answer = await root.cloudtrail.send(new GetEventConfigurationCommand({ EventDataStore }));
    expect(answer).toMatchObject({ ContextKeySelectors, MaxEventSize: "Large" });
  });
});

describe("a delegated administrator", () => {
  it("is registered with Organizations, where CloudTrail is trusted", async () => {
    const { organizations, cloudtrail } = root;
    const register = async () =>
      cloudtrail.send(new RegisterOrganizationDelegatedAdminCommand({ MemberAccountId }));
    let MemberAccountId = "111122223333";
    expect((await errorOf(register())).name).toBe("OrganizationsNotInUseException");
    await organizations.send(new CreateOrganizationCommand({ FeatureSet: "ALL" }));
    expect((await errorOf(register())).name).toBe("CloudTrailAccessNotEnabledException");
    const ServicePrincipal = "cloudtrail.amazonaws.com";
    await organizations.send(new EnableAWSServiceAccessCommand({ ServicePrincipal }));
    expect((await errorOf(register())).name).toBe("AccountNotFoundException");
    MemberAccountId = await newMember(organizations);
    await register();
    expect((await errorOf(register())).name).toBe("AccountRegisteredException");
    const list = new ListDelegatedAdministratorsCommand({ ServicePrincipal });
    const { DelegatedAdministrators } = await organizations.send(list);
    expect(DelegatedAdministrators?.map(({ Id }) => Id)).toEqual([MemberAccountId]);
    const leave = new DeregisterOrganizationDelegatedAdminCommand({
      DelegatedAdminAccountId: MemberAccountId,
    });
    await cloudtrail.send(leave);
    expect((await errorOf(cloudtrail.send(leave))).name).toBe("AccountNotRegisteredException");
  });
});
