import { readFileSync } from "node:fs";
import { IAM } from "@aws-sdk/client-iam";
import { ListKeysCommand } from "@aws-sdk/client-kms";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clients, credentialsOf, errorOf } from "../../../test/harness.ts";
import { buildDirectory } from "../../kit/buildFiles.ts";
import { defineService } from "../../kit/service.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { services } from "../index.ts";

/** A service whose denials are encoded, with one operation. */
const contract = JSON.parse(readFileSync(`${buildDirectory}/contracts/kms.json`, "utf8"));
const encoding = defineService({
  name: "kms",
  eventSource: "kms.amazonaws.com",
  operations: [
    {
      service: "kms",
      name: "ListKeys",
      access: () => ({ action: "kms:ListKeys", resource: "*" }),
      handle: () => ({ Keys: [] }),
    },
  ],
  missing: Object.keys(contract.operations).filter((name) => name !== "ListKeys"),
  encodesDenials: true,
});

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  const withEncoding = { ...services, kms: { load: async () => ({ default: encoding }) } };
  cloudkeep = await start({ store: new MemoryStore(), services: withEncoding });
});
afterAll(() => cloudkeep.stop());

it("reads the message at the end of a denial, for those who may", async () => {
  const options = { endpoint: cloudkeep.endpoint, region: "us-east-1", maxAttempts: 1 };
  const iam = new IAM({ ...options, credentials: cloudkeep.credentials });
  await iam.createUser({ UserName: "ann" });
  const PolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Action: "iam:*", Resource: "*" },
  });
  await iam.putUserPolicy({ UserName: "ann", PolicyName: "own", PolicyDocument });
  const { AccessKey } = await iam.createAccessKey({ UserName: "ann" });
  const ann = clients(cloudkeep, credentialsOf(AccessKey));
  const { message } = await errorOf(ann.kms.send(new ListKeysCommand({})));
  const EncodedMessage = /Encoded authorization failure message: (\S+)$/.exec(message)?.[1] ?? "";

  const sts = new STS({ ...options, credentials: cloudkeep.credentials });
  const { DecodedMessage = "" } = await sts.decodeAuthorizationMessage({ EncodedMessage });
  expect(JSON.parse(DecodedMessage)).toMatchObject({
    allowed: false,
    explicitDeny: false,
    context: {
      principal: { arn: "arn:aws:iam::000000000000:user/ann" },
      action: "kms:ListKeys",
      resource: "*",
    },
  });
  const own = new STS({ ...options, credentials: credentialsOf(AccessKey) });
  expect((await errorOf(own.decodeAuthorizationMessage({ EncodedMessage }))).name).toBe("AccessDenied");
  const { Credentials: session } = await sts.getSessionToken({});
  for (const other of ["nonsense", `B${EncodedMessage.slice(1)}`, session?.SessionToken ?? ""]) {
    expect((await errorOf(sts.decodeAuthorizationMessage({ EncodedMessage: other }))).name).toBe(
      "InvalidAuthorizationMessageException",
    );
  }
});
