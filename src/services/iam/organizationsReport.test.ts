import { KMS } from "@aws-sdk/client-kms";
import { Organizations } from "@aws-sdk/client-organizations";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { credentialsOf, newMember, optionsOf } from "../../../test/harness.ts";
import { type Bench, iamOf, policyOf, startBench } from "./testing.ts";

let bench: Bench;
let member: string;
let path: string;
beforeAll(async () => {
  bench = await startBench();
  const { cloudkeep } = bench;
  const organizations = new Organizations(optionsOf(cloudkeep, cloudkeep.credentials));
  const { Organization } = await organizations.createOrganization({});
  const { Roots = [] } = await organizations.listRoots({});
  const RootId = Roots[0]?.Id ?? "";
  member = await newMember(organizations);
  path = `${Organization?.Id}/${RootId}`;
  await organizations.enablePolicyType({ RootId, PolicyType: "SERVICE_CONTROL_POLICY" });
  const { Policy } = await organizations.createPolicy({
    Name: "few",
    Description: "",
    Type: "SERVICE_CONTROL_POLICY",
    Content: policyOf({ Effect: "Allow", Action: ["kms:*", "sts:*"], Resource: "*" }),
  });
  await organizations.attachPolicy({ PolicyId: Policy?.PolicySummary?.Id ?? "", TargetId: member });
  await organizations.detachPolicy({ PolicyId: "p-FullAWSAccess", TargetId: member });
  const { credentials } = await bench.userWho("admin", { Effect: "Allow", Action: "*", Resource: "*" });
  const { Credentials: session } = await new STS(optionsOf(cloudkeep, credentials)).assumeRole({
    RoleArn: `arn:aws:iam::${member}:role/OrganizationAccountAccessRole`,
    RoleSessionName: "admin",
  });
  await new KMS(optionsOf(cloudkeep, credentialsOf(session), "eu-west-1")).listKeys({});
});
afterAll(() => bench.cloudkeep.stop());

async function reportOn(EntityPath: string, iam = bench.root) {
  const { JobId = "" } = await iam.generateOrganizationsAccessReport({ EntityPath });
  return iam.getOrganizationsAccessReport({ JobId });
}

it("tells what an account's guardrails allow, and when it was last used", async () => {
  const report = await reportOn(`${path}/${member}`);
  expect(report).toMatchObject({ JobStatus: "COMPLETED", NumberOfServicesAccessible: 2 });
  expect(report.AccessDetails?.map(({ ServiceNamespace }) => ServiceNamespace)).toEqual(["kms", "sts"]);
  expect(report.AccessDetails?.[0]).toMatchObject({
    Region: "eu-west-1",
    EntityPath: `${path}/${member}`,
    TotalAuthenticatedEntities: 1,
  });
});

it("gathers the accounts below a root, by pages", async () => {
  const { JobId = "" } = await bench.root.generateOrganizationsAccessReport({ EntityPath: path });
  const first = await bench.root.getOrganizationsAccessReport({
    JobId,
    MaxItems: 2,
    SortKey: "LAST_AUTHENTICATED_TIME_DESCENDING",
  });
  expect(first).toMatchObject({ JobStatus: "COMPLETED", IsTruncated: true });
  expect(first.AccessDetails).toHaveLength(2);
  const [newest, next] = (first.AccessDetails ?? []).map(
    ({ LastAuthenticatedTime }) => LastAuthenticatedTime,
  );
  expect(newest?.getTime()).toBeGreaterThanOrEqual(next?.getTime() ?? 0);
  const kms = (await reportOn(path)).AccessDetails?.find(
    ({ ServiceNamespace }) => ServiceNamespace === "kms",
  );
  expect(kms?.EntityPath).toBe(`${path}/${member}`);
});

it("fails for what is not there, and for who does not manage the organization", async () => {
  const nowhere = await reportOn(`${path}/ou-aaaa-bbbbbbbb`);
  expect(nowhere).toMatchObject({ JobStatus: "FAILED", ErrorDetails: { Code: "ENTITY_NOT_FOUND" } });
  const other = await startBench();
  expect(await reportOn(path, iamOf(other.cloudkeep, other.cloudkeep.credentials))).toMatchObject({
    JobStatus: "FAILED",
    ErrorDetails: { Code: "ACCESS_DENIED" },
  });
  await other.cloudkeep.stop();
});
