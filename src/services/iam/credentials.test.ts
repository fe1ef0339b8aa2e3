import { generateKeyPairSync } from "node:crypto";
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { AssumeRoleCommand, GetSessionTokenCommand } from "@aws-sdk/client-sts";
import { X509CertificateGenerator } from "@peculiar/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf } from "../../../test/harness.ts";
import { codeAt, fromBase32, stepAt } from "../../kit/totp.ts";
import { account, type Bench, policyOf, startBench } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

const minuteMs = 60_000;

describe("virtual MFA devices", () => {
  async function device(name: string) {
    const { VirtualMFADevice } = await bench.root.createVirtualMFADevice({ VirtualMFADeviceName: name });
    const secret = fromBase32(Buffer.from(VirtualMFADevice?.Base32StringSeed ?? []).toString());
    const code = (offset = 0) => codeAt(secret, stepAt(bench.cloudkeep.clock.now()) + offset);
    return { SerialNumber: VirtualMFADevice?.SerialNumber ?? "", png: VirtualMFADevice?.QRCodePNG, code };
  }

  it("are enabled with two codes, and each code counts once", async () => {
    const { root, userWho, cloudkeep } = bench;
    const { credentials } = await userWho("careful", { Effect: "Allow", Action: "sts:*", Resource: "*" });
    const { SerialNumber, png, code } = await device("careful");
    expect(SerialNumber).toBe(`arn:aws:iam::${account}:mfa/careful`);
    expect(
      Buffer.from(png ?? [])
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
    const enable = { UserName: "careful", SerialNumber };
    const wrong = await errorOf(
      root.enableMFADevice({ ...enable, AuthenticationCode1: code(), AuthenticationCode2: code() }),
    );
    expect(wrong.name).toBe("InvalidAuthenticationCodeException");
    await root.enableMFADevice({ ...enable, AuthenticationCode1: code(-1), AuthenticationCode2: code() });
    expect((await root.listMFADevices({ UserName: "careful" })).MFADevices).toMatchObject([{ SerialNumber }]);

    const { sts } = clients(cloudkeep, credentials);
    const replayed = await errorOf(sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode: code() })));
    expect([replayed.name, replayed.message]).toEqual([
      "AccessDenied",
      "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    ]);
    await cloudkeep.clock.advance(minuteMs);
    const TokenCode = code();
    const session = await sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode }));
    expect(session.Credentials?.SessionToken).toBeDefined();
    expect((await errorOf(sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode })))).name).toBe(
      "AccessDenied",
    );
  });

  it("let a role be taken on that asks for one, by its owner only", async () => {
    const { root, userWho, cloudkeep } = bench;
    const { credentials } = await userWho("admin", {
      Effect: "Allow",
      Action: "sts:AssumeRole",
      Resource: "*",
    });
    const stranger = await userWho("stranger", { Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" });
    const { SerialNumber, code } = await device("admin");
    await root.enableMFADevice({
      UserName: "admin",
      SerialNumber,
      AuthenticationCode1: code(-1),
      AuthenticationCode2: code(),
    });
    await root.createRole({
      RoleName: "break-glass",
      AssumeRolePolicyDocument: policyOf({
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: "sts:AssumeRole",
        Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } },
      }),
    });
    const RoleArn = `arn:aws:iam::${account}:role/break-glass`;
    const assume = { RoleArn, RoleSessionName: "now" };
    const { sts } = clients(cloudkeep, credentials);
    expect((await errorOf(sts.send(new AssumeRoleCommand(assume)))).name).toBe("AccessDenied");
    await cloudkeep.clock.advance(minuteMs);
    const other = clients(cloudkeep, stranger.credentials).sts;
    const borrowed = await errorOf(
      other.send(new AssumeRoleCommand({ ...assume, SerialNumber, TokenCode: code() })),
    );
    expect(borrowed.name).toBe("AccessDenied");
    const taken = await sts.send(new AssumeRoleCommand({ ...assume, SerialNumber, TokenCode: code() }));
    expect(credentialsOf(taken.Credentials).sessionToken).toBeDefined();
    const conflict = await errorOf(root.deleteVirtualMFADevice({ SerialNumber }));
    expect(conflict.name).toBe("DeleteConflictException");
    await root.deactivateMFADevice({ UserName: "admin", SerialNumber });
    await root.deleteVirtualMFADevice({ SerialNumber });
  });
});

describe("passwords", () => {
  it("obey the account's policy, and are not used again", async () => {
    const { root, userWho } = bench;
    const own = { Effect: "Allow", Action: ["iam:ChangePassword"], Resource: "*" };
    const { iam } = await userWho("signer", own);
    expect((await errorOf(root.getAccountPasswordPolicy({}))).message).toBe(
      `The Password Policy with domain name ${account} cannot be found.`,
    );
    await root.updateAccountPasswordPolicy({
      MinimumPasswordLength: 12,
      RequireNumbers: true,
      AllowUsersToChangePassword: true,
      PasswordReusePrevention: 2,
    });
    const short = await errorOf(root.createLoginProfile({ UserName: "signer", Password: "short1" }));
    expect(short.name).toBe("PasswordPolicyViolationException");
    await root.createLoginProfile({
      UserName: "signer",
      Password: "first-password-1",
      PasswordResetRequired: true,
    });
    expect((await root.getLoginProfile({ UserName: "signer" })).LoginProfile).toMatchObject({
      PasswordResetRequired: true,
    });
    const wrong = await errorOf(
      iam.changePassword({ OldPassword: "not-this-one-1", NewPassword: "second-password-2" }),
    );
    expect(wrong.name).toBe("AccessDenied");
    await iam.changePassword({ OldPassword: "first-password-1", NewPassword: "second-password-2" });
    const again = await errorOf(
      iam.changePassword({ OldPassword: "second-password-2", NewPassword: "first-password-1" }),
    );
    expect(again.name).toBe("PasswordPolicyViolationException");
    const blocked = await errorOf(root.deleteUser({ UserName: "signer" }));
    expect(blocked.name).toBe("DeleteConflictException");
    await root.deleteLoginProfile({ UserName: "signer" });
    await root.deleteAccountPasswordPolicy({});
  });
});

describe("keys and certificates", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

  async function certificate() {
    const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    const made = await X509CertificateGenerator.createSelfSigned({
      name: "CN=example.com",
      notBefore: new Date("2026-01-01"),
      notAfter: new Date("2036-01-01"),
      signingAlgorithm: algorithm,
      keys,
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
    const PrivateKey = `-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----`;
    return { CertificateBody: made.toString("pem"), PrivateKey };
  }

  it("of SSH are shown in both forms, once each", async () => {
    const { root } = bench;
    await root.createUser({ UserName: "git" });
    const pem = rsa.publicKey.export({ format: "pem", type: "spki" }).toString();
    const { SSHPublicKey } = await root.uploadSSHPublicKey({ UserName: "git", SSHPublicKeyBody: pem });
    const find = { UserName: "git", SSHPublicKeyId: SSHPublicKey?.SSHPublicKeyId };
    const ssh = await root.getSSHPublicKey({ ...find, Encoding: "SSH" });
    expect(ssh.SSHPublicKey?.SSHPublicKeyBody).toMatch(/^ssh-rsa AAAA/);
    const twice = await errorOf(
      root.uploadSSHPublicKey({ UserName: "git", SSHPublicKeyBody: ssh.SSHPublicKey?.SSHPublicKeyBody }),
    );
    expect(twice.name).toBe("DuplicateSSHPublicKeyException");
    const bad = await errorOf(root.uploadSSHPublicKey({ UserName: "git", SSHPublicKeyBody: "ssh-rsa AAAA" }));
    expect(bad.name).toBe("InvalidPublicKeyException");
    await root.updateSSHPublicKey({ ...find, Status: "Inactive" });
    expect((await root.listSSHPublicKeys({ UserName: "git" })).SSHPublicKeys).toMatchObject([
      { Status: "Inactive" },
    ]);
    await root.deleteSSHPublicKey(find);
  });

  it("of services come with a password that is shown once", async () => {
    const { root } = bench;
    const made = await root.createServiceSpecificCredential({
      UserName: "git",
      ServiceName: "codecommit.amazonaws.com",
    });
    expect(made.ServiceSpecificCredential?.ServicePassword).toMatch(/^.{30,}$/);
    const { ServiceSpecificCredentials = [] } = await root.listServiceSpecificCredentials({
      UserName: "git",
    });
    expect(ServiceSpecificCredentials).toMatchObject([
      { ServiceUserName: `git-at-${account}`, Status: "Active" },
    ]);
    const id = { ServiceSpecificCredentialId: made.ServiceSpecificCredential?.ServiceSpecificCredentialId };
    const reset = await root.resetServiceSpecificCredential({ UserName: "git", ...id });
    expect(reset.ServiceSpecificCredential?.ServicePassword).not.toBe(
      made.ServiceSpecificCredential?.ServicePassword,
    );
    await root.deleteServiceSpecificCredential({ UserName: "git", ...id });
  });

  it("of servers must belong to their private key", async () => {
    const { root } = bench;
    const [one, other] = [await certificate(), await certificate()];
    const ServerCertificateName = "example";
    const mismatch = await errorOf(
      root.uploadServerCertificate({ ServerCertificateName, ...one, PrivateKey: other.PrivateKey }),
    );
    expect(mismatch.name).toBe("KeyPairMismatchException");
    const uploaded = await root.uploadServerCertificate({ ServerCertificateName, Path: "/web/", ...one });
    expect(uploaded.ServerCertificateMetadata).toMatchObject({
      Arn: `arn:aws:iam::${account}:server-certificate/web/example`,
      Expiration: new Date("2036-01-01"),
    });
    await root.updateServerCertificate({ ServerCertificateName, NewServerCertificateName: "renamed" });
    expect(
      (await root.listServerCertificates({ PathPrefix: "/web/" })).ServerCertificateMetadataList,
    ).toHaveLength(1);
    await root.tagServerCertificate({ ServerCertificateName: "renamed", Tags: [{ Key: "a", Value: "b" }] });
    expect((await root.listServerCertificateTags({ ServerCertificateName: "renamed" })).Tags).toEqual([
      { Key: "a", Value: "b" },
    ]);
    await root.deleteServerCertificate({ ServerCertificateName: "renamed" });
    const gone = await errorOf(root.getServerCertificate({ ServerCertificateName: "renamed" }));
    expect(gone.message).toBe("The Server Certificate with name renamed cannot be found.");
  });

  it("of users are two at most", async () => {
    const { root } = bench;
    const uploaded = [];
    for (let i = 0; i < 2; i += 1) {
      const { CertificateBody } = await certificate();
      uploaded.push(await root.uploadSigningCertificate({ UserName: "git", CertificateBody }));
    }
    const { CertificateBody } = await certificate();
    const third = await errorOf(root.uploadSigningCertificate({ UserName: "git", CertificateBody }));
    expect(third.name).toBe("LimitExceededException");
    for (const { Certificate } of uploaded) {
      await root.deleteSigningCertificate({ UserName: "git", CertificateId: Certificate?.CertificateId });
    }
    await root.deleteUser({ UserName: "git" });
  });
});
