import { DeleteRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import { S3 } from "@aws-sdk/client-s3";
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, newMember, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { away, ReplicationScene, ruleTo } from "./replication.testing.ts";
import { newBucket, newUser } from "./testing.ts";

let cloudkeep: Cloudkeep;
let scene: ReplicationScene;
beforeAll(async () => {
  cloudkeep = await startForTest();
  scene = new ReplicationScene(cloudkeep);
});
afterAll(() => cloudkeep.stop());

describe("the role of a replication", () => {
  it("fails where the role is not let in, and says why", async () => {
    const { source, target, role } = await scene.pair({
      Destination: { Bucket: undefined, Metrics: { Status: "Enabled" } },
    });
    const { QueueUrl = "" } = await scene.root.sqs.send(new CreateQueueCommand({ QueueName: "failed" }));
    const QueueArn = `arn:aws:sqs:us-east-1:${cloudkeep.accountId}:failed`;
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { Service: "s3.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: QueueArn,
      },
    });
    await scene.root.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const NotificationConfiguration = {
      QueueConfigurations: [{ QueueArn, Events: ["s3:Replication:OperationFailedReplication" as const] }],
    };
    await scene.s3.putBucketNotificationConfiguration({ Bucket: source, NotificationConfiguration });
    const denied = {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:ReplicateObject",
      Resource: `arn:aws:s3:::${target}/kept-out`,
    };
    await scene.s3.putBucketPolicy({
      Bucket: target,
      Policy: JSON.stringify({ Version: "2012-10-17", Statement: denied }),
    });
    await scene.s3.putObject({ Bucket: source, Key: "kept-out", Body: "text" });
    await scene.reached(source, "kept-out", "FAILED");
    await scene.s3.putObject({ Bucket: source, Key: "let-in", Body: "text" });
    await scene.reached(source, "let-in", "COMPLETED");
    await scene.root.iam.send(new DeleteRolePolicyCommand({ RoleName: role.name, PolicyName: "replicate" }));
    await scene.s3.putObject({ Bucket: source, Key: "unseen", Body: "text" });
    await scene.reached(source, "unseen", "FAILED");
    const told: unknown[] = [];
    while (told.length < 2) {
      const { Messages = [] } = await scene.root.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
      );
      for (const { Body = "" } of Messages) told.push(...(JSON.parse(Body).Records ?? []));
    }
    const facts = { replicationRuleId: `to-${target}`, destinationBucket: `arn:aws:s3:::${target}` };
    expect(told).toMatchObject([
      {
        eventVersion: "2.2",
        eventName: "Replication:OperationFailedReplication",
        replicationEventData: {
          ...facts,
          s3Operation: "OBJECT_PUT",
          failureReason: "DstPutObjectNotPermitted",
        },
      },
      { replicationEventData: { failureReason: "SrcGetObjectNotPermitted" } },
    ]);
  });

  it("has the role decrypt and encrypt what KMS keys wrap", async () => {
    const [from, to] = await Promise.all(
      [scene.root.kms, scene.there.kms].map(
        async (kms) => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn,
      ),
    );
    const target = await scene.bucketAway();
    const rule = {
      SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: "Enabled" as const } },
      Destination: { Bucket: undefined, EncryptionConfiguration: { ReplicaKmsKeyID: to } },
    };
    const allow = (Action: string, Resource: string | undefined, region: string) => ({
      Effect: "Allow",
      Action,
      Resource,
      Condition: { StringLike: { "kms:ViaService": `s3.${region}.amazonaws.com` } },
    });
    const statements = [allow("kms:Decrypt", from, "us-east-1"), allow("kms:Encrypt", to, away)];
    const { source } = await scene.pair(rule, target, statements);
    const object = { Bucket: source, Key: "k", ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: from };
    await scene.s3.putObject({ ...object, Body: "text" });
    await scene.reached(source, "k", "COMPLETED");
    const replica = await scene.abroad.getObject({ Bucket: target, Key: "k" });
    expect(replica.SSEKMSKeyId).toBe(to);
    expect(await replica.Body?.transformToString()).toBe("text");
    const other = await scene.pair(rule, target, statements.slice(0, 1));
    await scene.s3.putObject({ ...object, Bucket: other.source, Key: "unsealed", Body: "text" });
    await scene.reached(other.source, "unsealed", "FAILED");
    const { source: plain } = await scene.pair();
    await scene.s3.putObject({ ...object, Bucket: plain, Body: "text" });
    expect(await scene.statusOf(plain, "k")).toBeUndefined();
  });

  it("needs the leave of another account's bucket, which may come to own the replica", async () => {
    await scene.root.organizations.send(new CreateOrganizationCommand({ FeatureSet: "ALL" }));
    const account = await newMember(scene.root.organizations);
    const RoleArn = `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`;
    const user = await newUser(cloudkeep, scene.root.iam, [{ Effect: "Allow", Action: "*", Resource: "*" }]);
    const { Credentials } = await user.sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: "member" }),
    );
    const member = clients(cloudkeep, credentialsOf(Credentials));
    const target = await newBucket(member.s3, { versioned: true, ObjectOwnership: "ObjectWriter" });
    const theirs = new S3({ ...optionsOf(cloudkeep, credentialsOf(Credentials)), forcePathStyle: true });
    const override = {
      Effect: "Allow",
      Action: "s3:ObjectOwnerOverrideToBucketOwner",
      Resource: `arn:aws:s3:::${target}/*`,
    };
    const Destination = {
      Bucket: undefined,
      Account: account,
      AccessControlTranslation: { Owner: "Destination" as const },
    };
    const { source, role } = await scene.pair({ Destination }, target, [override]);
    await scene.s3.putObject({ Bucket: source, Key: "k", Body: "text" });
    await scene.reached(source, "k", "FAILED");
    const Statement = {
      Effect: "Allow",
      Principal: { AWS: role.arn },
      Action: ["s3:ReplicateObject", "s3:ObjectOwnerOverrideToBucketOwner"],
      Resource: `arn:aws:s3:::${target}/*`,
    };
    await theirs.putBucketPolicy({
      Bucket: target,
      Policy: JSON.stringify({ Version: "2012-10-17", Statement }),
    });
    await scene.s3.putObject({ Bucket: source, Key: "k", Body: "text" });
    await scene.reached(source, "k", "COMPLETED");
    await scene.follow(source, role.arn, [
      ruleTo(target, { Destination: { Bucket: undefined, Account: "111122223333" } }),
    ]);
    await scene.s3.putObject({ Bucket: source, Key: "another's", Body: "text" });
    await scene.reached(source, "another's", "FAILED");
    const { Owner } = await theirs.getObjectAcl({ Bucket: target, Key: "k" });
    expect(Owner).toEqual((await theirs.getBucketAcl({ Bucket: target })).Owner);
  });
});
