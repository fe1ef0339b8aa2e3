import { expect, test } from "vitest";
import { auditTime, redactor } from "./redact.ts";
import { contractOf } from "./testing.ts";

const kms = contractOf("kms");
const iam = contractOf("iam");

test("bytes are left out, keys of maps stay, unknown members do not get in", () => {
  const input = {
    KeyId: "alias/a",
    Plaintext: Buffer.from("secret"),
    EncryptionContext: { Tenant: "t", __proto__: null },
    GrantTokens: ["x"],
    DryRun: undefined,
    Secret: "s",
  };
  expect(redactor(kms, "EncryptRequest")(input)).toEqual({
    keyId: "alias/a",
    encryptionContext: { Tenant: "t" },
    grantTokens: ["x"],
  });
});

test("sensitive members are hidden wherever they are", () => {
  const output = {
    AccessKey: { UserName: "u", AccessKeyId: "AKIA", SecretAccessKey: "s", Status: "Active" },
  };
  expect(redactor(iam, "CreateAccessKeyResponse")(output)).toEqual({
    accessKey: {
      userName: "u",
      accessKeyId: "AKIA",
      secretAccessKey: "HIDDEN_DUE_TO_SECURITY_REASONS",
      status: "Active",
    },
  });
  expect(redactor(iam, "CreateLoginProfileRequest")({ UserName: "u", Password: "p" })).toEqual({
    userName: "u",
    password: "HIDDEN_DUE_TO_SECURITY_REASONS",
  });
});

test("sensitive members are left out for services that do so", () => {
  const output = {
    AccessKey: { UserName: "u", AccessKeyId: "AKIA", SecretAccessKey: "s", Status: "Active" },
  };
  expect(redactor(iam, "CreateAccessKeyResponse", "leave out")(output)).toEqual({
    accessKey: { userName: "u", accessKeyId: "AKIA", status: "Active" },
  });
});

test("times are CloudTrail's", () => {
  expect(auditTime(new Date("2026-11-24T01:53:28Z"))).toBe("Nov 24, 2026, 1:53:28 AM");
  expect(auditTime(new Date("2026-01-02T00:03:04Z"))).toBe("Jan 2, 2026, 12:03:04 AM");
  expect(auditTime(new Date("2026-01-02T12:00:00Z"))).toBe("Jan 2, 2026, 12:00:00 PM");
  const output = { KeyMetadata: { KeyId: "k", CreationDate: new Date("2026-11-24T13:00:00Z") } };
  expect(redactor(kms, "CreateKeyResponse")(output)).toEqual({
    keyMetadata: { keyId: "k", creationDate: "Nov 24, 2026, 1:00:00 PM" },
  });
});
