import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetBucketPolicyStatusCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, newMember, startForTest } from "../../../test/harness.ts";
import { send } from "../../../test/hostile/raw.ts";
import { type Mode, signed } from "../../../test/hostile/sign.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket, newUser, put, read } from "./testing.ts";

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const allow = (Action: string | string[], Resource: string | string[], more: object = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});

async function putPolicy(Bucket: string, ...Statement: object[]) {
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  return await root.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

async function anonymously(method: string, path: string, body = "") {
  const headers = { host: `127.0.0.1:${cloudkeep.port}`, "content-length": String(body.length) };
  return await send(cloudkeep.port, { method, path, query: "", headers, body });
}

describe("a bucket policy", () => {
  it("knows how a request was signed, and when", async () => {
    const Bucket = await newBucket(root.s3);
    await put(root.s3, Bucket, "k", "text");
    const { credentials, port } = cloudkeep;
    const host = `127.0.0.1:${port}`;
    const asked = (mode: Mode, { at = Date.now(), method = "GET", body = "" } = {}) => {
      const draft = { method, path: `/${Bucket}/k`, query: "", headers: { host }, body };
      const options = { credentials, service: "s3", at, expiresSeconds: 900, host };
      return send(port, signed(mode, draft, options)).then(({ status }) => status);
    };
    const refuse = (Condition: object) =>
      putPolicy(Bucket, {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*Object",
        Resource: `arn:aws:s3:::${Bucket}/*`,
        Condition,
      });
    expect(await asked("presigned-unsigned")).toBe(200);
    await refuse({ StringNotEquals: { "s3:authType": "REST-HEADER" } });
    expect(await asked("presigned-unsigned")).toBe(403);
    expect(await asked("header-hashed")).toBe(200);
    await refuse({ NumericGreaterThan: { "s3:signatureAge": 60_000 } });
    expect(await asked("presigned-unsigned", { at: Date.now() - 30_000 })).toBe(200);
    expect(await asked("presigned-unsigned", { at: Date.now() - 90_000 })).toBe(403);
    await refuse({ StringEquals: { "s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD" } });
    expect(await asked("presigned-unsigned", { method: "PUT", body: "new" })).toBe(403);
    expect(await asked("header-hashed", { method: "PUT", body: "new" })).toBe(200);
    await refuse({ StringEquals: { "s3:signatureversion": "AWS4-HMAC-SHA256" } });
    expect(await asked("header-hashed")).toBe(403);
    expect(await asked("v4a")).toBe(200);
  });
});

describe("identity policies", () => {
  it("decide, with the keys of S3", async () => {
    const Bucket = await newBucket(root.s3);
    await put(root.s3, Bucket, "home/a", "a", { Tagging: "team=red" });
    await put(root.s3, Bucket, "home/b", "b", { Tagging: "team=blue" });
    const user = await newUser(cloudkeep, root.iam, [
      allow("s3:ListBucket", `arn:aws:s3:::${Bucket}`, {
        Condition: { StringLike: { "s3:prefix": "home/*" } },
      }),
      allow("s3:GetObject", `arn:aws:s3:::${Bucket}/*`, {
        Condition: { StringEquals: { "s3:ExistingObjectTag/team": "red" } },
      }),
    ]);
    expect((await user.s3.send(new ListObjectsV2Command({ Bucket, Prefix: "home/" }))).KeyCount).toBe(2);
    expect((await errorOf(user.s3.send(new ListObjectsV2Command({ Bucket })))).name).toBe("AccessDenied");
    expect(await read(user.s3, Bucket, "home/a")).toBe("a");
    expect((await errorOf(read(user.s3, Bucket, "home/b"))).message).toBe(
      `User: ${user.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/home/b" because no identity-based policy allows the s3:GetObject action`,
    );
  });

  it("tell who may not list the bucket nothing of what is absent", async () => {
    const Bucket = await newBucket(root.s3);
    const reader = await newUser(cloudkeep, root.iam, [allow("s3:GetObject", `arn:aws:s3:::${Bucket}/*`)]);
    const lister = await newUser(cloudkeep, root.iam, [
      allow(["s3:GetObject", "s3:ListBucket"], [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`]),
    ]);
    expect((await errorOf(read(reader.s3, Bucket, "absent"))).name).toBe("AccessDenied");
    expect((await errorOf(read(lister.s3, Bucket, "absent"))).name).toBe("NoSuchKey");
    const head = await errorOf(reader.s3.send(new HeadObjectCommand({ Bucket, Key: "absent" })));
    expect(head.$metadata?.httpStatusCode).toBe(403);
  });
});

describe("a bucket's policy", () => {
  it("opens it to anybody, if nothing blocks that", async () => {
    const Bucket = await newBucket(root.s3);
    await put(root.s3, Bucket, "k", "for all");
    const statement = allow("s3:GetObject", `arn:aws:s3:::${Bucket}/*`, { Principal: "*" });
    expect((await errorOf(putPolicy(Bucket, statement))).name).toBe("AccessDenied");
    expect((await anonymously("GET", `/${Bucket}/k`)).status).toBe(403);
    await root.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await putPolicy(Bucket, statement);
    expect(await anonymously("GET", `/${Bucket}/k`)).toMatchObject({ status: 200, body: "for all" });
    expect((await anonymously("PUT", `/${Bucket}/new`, "x")).status).toBe(403);
    expect((await anonymously("DELETE", `/${Bucket}/k`)).status).toBe(403);
    const { PolicyStatus } = await root.s3.send(new GetBucketPolicyStatusCommand({ Bucket }));
    expect(PolicyStatus?.IsPublic).toBe(true);
    const PublicAccessBlockConfiguration = { RestrictPublicBuckets: true };
    await root.s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    expect((await anonymously("GET", `/${Bucket}/k`)).status).toBe(403);
    expect(await read(root.s3, Bucket, "k")).toBe("for all");
  });

  it("lets another account in, whose own policies must allow it, too", async () => {
    const Bucket = await newBucket(root.s3);
    await put(root.s3, Bucket, "k", "shared");
    await root.organizations.send(new CreateOrganizationCommand({}));
    const account = await newMember(root.organizations);
    const admin = await newUser(cloudkeep, root.iam, [allow("sts:AssumeRole", "*")]);
    const RoleArn = `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`;
    const { Credentials } = await admin.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "data" }));
    const other = clients(cloudkeep, credentialsOf(Credentials));
    expect((await errorOf(read(other.s3, Bucket, "k"))).name).toBe("AccessDenied");
    await putPolicy(
      Bucket,
      allow("s3:GetObject", `arn:aws:s3:::${Bucket}/*`, { Principal: { AWS: account } }),
    );
    expect(await read(other.s3, Bucket, "k")).toBe("shared");
    expect((await errorOf(other.s3.send(new CreateBucketCommand({ Bucket })))).name).toBe(
      "BucketAlreadyExists",
    );
    const expected = { Bucket, Key: "k", ExpectedBucketOwner: account };
    expect((await errorOf(other.s3.send(new GetObjectCommand(expected)))).name).toBe("AccessDenied");
  });

  it.each([
    ["not json", "MalformedPolicy"],
    ['{"Version":"2012-10-17"}', "MalformedPolicy"],
    [
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::other/*"}]}',
      "MalformedPolicy",
    ],
    [
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}',
      "MalformedPolicy",
    ],
  ])("must be one, and its own: %s", async (Policy, code) => {
    const Bucket = await newBucket(root.s3);
    expect((await errorOf(root.s3.send(new PutBucketPolicyCommand({ Bucket, Policy })))).name).toBe(code);
  });
});

describe("access control lists", () => {
  it("are off unless the bucket's owner switches them on", async () => {
    const Bucket = await newBucket(root.s3, { open: true });
    await put(root.s3, Bucket, "k", "text");
    const acl = new PutObjectAclCommand({ Bucket, Key: "k", ACL: "public-read" });
    expect((await errorOf(root.s3.send(acl))).name).toBe("AccessControlListNotSupported");
    const OwnershipControls = { Rules: [{ ObjectOwnership: "ObjectWriter" as const }] };
    await root.s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
    await root.s3.send(acl);
    expect((await anonymously("GET", `/${Bucket}/k`)).body).toBe("text");
    expect((await anonymously("GET", `/${Bucket}`)).status).toBe(403);
    await root.s3.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" }));
    expect((await anonymously("GET", `/${Bucket}`)).status).toBe(200);
    const { Grants } = await root.s3.send(new GetObjectAclCommand({ Bucket, Key: "k" }));
    expect(Grants?.map(({ Permission }) => Permission)).toEqual(["FULL_CONTROL", "READ"]);
    const PublicAccessBlockConfiguration = { IgnorePublicAcls: true };
    await root.s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    expect((await anonymously("GET", `/${Bucket}/k`)).status).toBe(403);
  });
});

describe("nobody", () => {
  it("makes no bucket, and lists none", async () => {
    expect((await anonymously("PUT", "/a-bucket-of-nobody")).status).toBe(403);
    expect((await anonymously("GET", "/")).status).toBe(403);
  });
});
