import { constants, createCipheriv, generateKeyPairSync, publicEncrypt, randomBytes } from "node:crypto";
import { CreateAccessKeyCommand, CreateUserCommand } from "@aws-sdk/client-iam";
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyLastUsageCommand,
  GetKeyRotationStatusCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  KMSClient,
  ListKeyRotationsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdatePrimaryRegionCommand,
  VerifyCommand,
} from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

const dayMs = 86_400_000;
const secret = Buffer.from("the launch code is 12345");

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

async function newKey(input: CreateKeyCommandInput = {}): Promise<{ id: string; arn: string }> {
  const { KeyMetadata } = await root.kms.send(new CreateKeyCommand(input));
  return { id: KeyMetadata?.KeyId ?? "", arn: KeyMetadata?.Arn ?? "" };
}

async function newUser(name: string) {
  const { User } = await root.iam.send(new CreateUserCommand({ UserName: name }));
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: name }));
  return { arn: User?.Arn ?? "", ...clients(cloudkeep, credentialsOf(AccessKey)) };
}

async function encrypt(KeyId: string, EncryptionContext?: Record<string, string>) {
  const { CiphertextBlob } = await root.kms.send(
    new EncryptCommand({ KeyId, Plaintext: secret, ...(EncryptionContext && { EncryptionContext }) }),
  );
  return CiphertextBlob as Uint8Array;
}

describe("encryption", () => {
  it("opens what it sealed, under the same context only", async () => {
    const { id, arn } = await newKey();
    const CiphertextBlob = await encrypt(id, { tenant: "example", stage: "test" });
    const { Plaintext, KeyId } = await root.kms.send(
      new DecryptCommand({ CiphertextBlob, EncryptionContext: { stage: "test", tenant: "example" } }),
    );
    expect(Buffer.from(Plaintext ?? [])).toEqual(secret);
    expect(KeyId).toBe(arn);
    const others: Record<string, string>[] = [{}, { tenant: "example" }, { tenant: "other", stage: "test" }];
    for (const EncryptionContext of others) {
      const error = await errorOf(root.kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext })));
      expect(error.name).toBe("InvalidCiphertextException");
    }
  });

  it("refuses every changed byte of a ciphertext", async () => {
    const { id } = await newKey();
    const blob = await encrypt(id);
    for (let at = 0; at < blob.length; at += 7) {
      const changed = Buffer.from(blob);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const error = await errorOf(root.kms.send(new DecryptCommand({ CiphertextBlob: changed })));
      expect(["InvalidCiphertextException", "AccessDeniedException"]).toContain(error.name);
    }
  });

  it("says which key it is not", async () => {
    const [one, other] = [await newKey(), await newKey()];
    const CiphertextBlob = await encrypt(one.id);
    const error = await errorOf(root.kms.send(new DecryptCommand({ CiphertextBlob, KeyId: other.id })));
    expect(error.name).toBe("IncorrectKeyException");
    expect(error.message).toBe(
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  });

  it("re-encrypts under another key and context", async () => {
    const [from, to] = [await newKey(), await newKey()];
    const moved = await root.kms.send(
      new ReEncryptCommand({
        CiphertextBlob: await encrypt(from.id, { a: "1" }),
        SourceEncryptionContext: { a: "1" },
        DestinationKeyId: to.id,
        DestinationEncryptionContext: { b: "2" },
      }),
    );
    expect(moved).toMatchObject({ SourceKeyId: from.arn, KeyId: to.arn });
    const { Plaintext } = await root.kms.send(
      new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { b: "2" } }),
    );
    expect(Buffer.from(Plaintext ?? [])).toEqual(secret);
  });
});

describe("states", () => {
  it("does nothing with a disabled key", async () => {
    const { id, arn } = await newKey();
    await root.kms.send(new DisableKeyCommand({ KeyId: id }));
    const error = await errorOf(encrypt(id));
    expect([error.name, error.message]).toEqual(["DisabledException", `${arn} is disabled.`]);
  });

  it("deletes after the waiting period, unless that is cancelled", async () => {
    const [gone, kept] = [await newKey(), await newKey()];
    for (const { id } of [gone, kept]) {
      await root.kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }));
    }
    expect((await errorOf(encrypt(gone.id))).message).toBe(`${gone.arn} is pending deletion.`);
    await root.kms.send(new CancelKeyDeletionCommand({ KeyId: kept.id }));
    await cloudkeep.clock.advance(8 * dayMs);
    const error = await errorOf(root.kms.send(new DescribeKeyCommand({ KeyId: gone.id })));
    expect([error.name, error.message]).toEqual(["NotFoundException", `Key '${gone.arn}' does not exist`]);
    const { KeyMetadata } = await root.kms.send(new DescribeKeyCommand({ KeyId: kept.id }));
    expect(KeyMetadata?.KeyState).toBe("Disabled");
  });
});

describe("rotation", () => {
  it("rotates by the clock; old ciphertext stays readable", async () => {
    const { id } = await newKey();
    const before = await encrypt(id);
    await root.kms.send(new EnableKeyRotationCommand({ KeyId: id, RotationPeriodInDays: 90 }));
    const { KeyMetadata: first } = await root.kms.send(new DescribeKeyCommand({ KeyId: id }));
    await cloudkeep.clock.advance(91 * dayMs);
    const { KeyMetadata: second } = await root.kms.send(new DescribeKeyCommand({ KeyId: id }));
    expect(second?.CurrentKeyMaterialId).not.toBe(first?.CurrentKeyMaterialId);
    const { Plaintext } = await root.kms.send(new DecryptCommand({ CiphertextBlob: before }));
    expect(Buffer.from(Plaintext ?? [])).toEqual(secret);
    const { Rotations } = await root.kms.send(new ListKeyRotationsCommand({ KeyId: id }));
    expect(Rotations).toMatchObject([{ RotationType: "AUTOMATIC", KeyMaterialState: "CURRENT" }]);
    const status = await root.kms.send(new GetKeyRotationStatusCommand({ KeyId: id }));
    expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
  });

  it("rotates on demand ten times", async () => {
    const { id, arn } = await newKey();
    const before = await encrypt(id);
    for (let i = 0; i < 10; i += 1) await root.kms.send(new RotateKeyOnDemandCommand({ KeyId: id }));
    const error = await errorOf(root.kms.send(new RotateKeyOnDemandCommand({ KeyId: id })));
    expect([error.name, error.message]).toEqual([
      "LimitExceededException",
      `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
    ]);
    await expect(root.kms.send(new DecryptCommand({ CiphertextBlob: before }))).resolves.toMatchObject({
      KeyId: arn,
    });
  });
});

describe("imported material", () => {
  async function wrapped(KeyId: string, material: Buffer, algorithm = "RSAES_OAEP_SHA_256") {
    const parameters = await root.kms.send(
      new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: algorithm as "RSAES_OAEP_SHA_256",
        WrappingKeySpec: "RSA_2048",
      }),
    );
    const key = {
      key: Buffer.from(parameters.PublicKey ?? []),
      format: "der" as const,
      type: "spki" as const,
    };
    const oaepHash = algorithm.endsWith("SHA_1") ? "sha1" : "sha256";
    const rsa = (bytes: Buffer) =>
      publicEncrypt({ ...key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, bytes);
    if (!algorithm.startsWith("RSA_AES"))
      return { ImportToken: parameters.ImportToken, EncryptedKeyMaterial: rsa(material) };
    const aes = randomBytes(32);
    const cipher = createCipheriv("id-aes256-wrap-pad", aes, Buffer.from("a65959a6", "hex"));
    return {
      ImportToken: parameters.ImportToken,
      EncryptedKeyMaterial: Buffer.concat([rsa(aes), cipher.update(material), cipher.final()]),
    };
  }

  it.each(["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"])(
    "comes wrapped with %s, expires, and only the same comes back",
    async (algorithm) => {
      const { id, arn } = await newKey({ Origin: "EXTERNAL" });
      expect((await errorOf(encrypt(id))).message).toBe(`${arn} is pending import.`);
      const material = randomBytes(32);
      const without = await errorOf(
        root.kms.send(
          new ImportKeyMaterialCommand({ KeyId: id, ...(await wrapped(id, material, algorithm)) }),
        ),
      );
      expect(without.message).toBe(
        "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
      );
      const ValidTo = new Date(cloudkeep.clock.now() + dayMs);
      await root.kms.send(
        new ImportKeyMaterialCommand({ KeyId: id, ...(await wrapped(id, material, algorithm)), ValidTo }),
      );
      const CiphertextBlob = await encrypt(id);
      await cloudkeep.clock.advance(2 * dayMs);
      expect((await errorOf(encrypt(id))).message).toBe(`${arn} is pending import.`);
      const forever = { KeyId: id, ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" as const };
      const other = await errorOf(
        root.kms.send(
          new ImportKeyMaterialCommand({ ...forever, ...(await wrapped(id, randomBytes(32), algorithm)) }),
        ),
      );
      expect(other.name).toBe("IncorrectKeyMaterialException");
      await root.kms.send(
        new ImportKeyMaterialCommand({ ...forever, ...(await wrapped(id, material, algorithm)) }),
      );
      const { Plaintext } = await root.kms.send(new DecryptCommand({ CiphertextBlob }));
      expect(Buffer.from(Plaintext ?? [])).toEqual(secret);
      await root.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: id }));
      expect((await errorOf(encrypt(id))).message).toBe(`${arn} is pending import.`);
    },
  );

  it("takes a private key, and signs with it", async () => {
    const { id } = await newKey({ Origin: "EXTERNAL", KeySpec: "ECC_NIST_P384", KeyUsage: "SIGN_VERIFY" });
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const der = privateKey.export({ format: "der", type: "pkcs8" });
    const forever = { KeyId: id, ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" as const };
    const wrongCurve = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
      format: "der",
      type: "pkcs8",
    });
    const error = await errorOf(
      root.kms.send(
        new ImportKeyMaterialCommand({
          ...forever,
          ...(await wrapped(id, wrongCurve, "RSA_AES_KEY_WRAP_SHA_256")),
        }),
      ),
    );
    expect(error.name).toBe("IncorrectKeyMaterialException");
    await root.kms.send(
      new ImportKeyMaterialCommand({ ...forever, ...(await wrapped(id, der, "RSA_AES_KEY_WRAP_SHA_256")) }),
    );
    const signing = { KeyId: id, Message: secret, SigningAlgorithm: "ECDSA_SHA_384" as const };
    const { Signature } = await root.kms.send(new SignCommand(signing));
    await expect(root.kms.send(new VerifyCommand({ ...signing, Signature }))).resolves.toMatchObject({
      SignatureValid: true,
    });
  });

  it("waits for a rotation when it is new", async () => {
    const { id, arn } = await newKey({ Origin: "EXTERNAL" });
    const importing = { KeyId: id, ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" as const };
    const send = async (material: Buffer) =>
      await root.kms.send(
        new ImportKeyMaterialCommand({
          ...importing,
          ImportType: "NEW_KEY_MATERIAL",
          ...(await wrapped(id, material)),
        }),
      );
    const first = await send(randomBytes(32));
    const none = await errorOf(root.kms.send(new RotateKeyOnDemandCommand({ KeyId: id })));
    expect(none.message).toBe(`No available key material pending rotation for the key: ${arn}.`);
    const before = await encrypt(id);
    const second = await send(randomBytes(32));
    expect((await errorOf(send(randomBytes(32)))).message).toMatch(/ is pending rotation\.$/);
    const current = async () =>
      (await root.kms.send(new DescribeKeyCommand({ KeyId: id }))).KeyMetadata?.CurrentKeyMaterialId;
    expect(await current()).toBe(first.KeyMaterialId);
    await root.kms.send(new RotateKeyOnDemandCommand({ KeyId: id }));
    expect(await current()).toBe(second.KeyMaterialId);
    await expect(root.kms.send(new DecryptCommand({ CiphertextBlob: before }))).resolves.toMatchObject({
      KeyId: arn,
    });
    const { Rotations } = await root.kms.send(
      new ListKeyRotationsCommand({ KeyId: id, IncludeKeyMaterial: "ALL_KEY_MATERIAL" }),
    );
    expect(Rotations?.map(({ KeyMaterialState }) => KeyMaterialState).sort()).toEqual([
      "CURRENT",
      "NON_CURRENT",
    ]);
  });
});

describe("multi-Region keys", () => {
  it("decrypt in one Region what was encrypted in another, and change their primary", async () => {
    const { id, arn } = await newKey({ MultiRegion: true });
    const west = new KMSClient({
      endpoint: cloudkeep.endpoint,
      region: "eu-west-1",
      credentials: cloudkeep.credentials,
      maxAttempts: 1,
    });
    const missing = await errorOf(west.send(new DescribeKeyCommand({ KeyId: id })));
    expect(missing.name).toBe("NotFoundException");
    const { ReplicaKeyMetadata } = await root.kms.send(
      new ReplicateKeyCommand({ KeyId: id, ReplicaRegion: "eu-west-1" }),
    );
    expect(ReplicaKeyMetadata).toMatchObject({ KeyState: "Creating", Enabled: false });
    const CiphertextBlob = await encrypt(id);
    const { Plaintext, KeyId } = await west.send(new DecryptCommand({ CiphertextBlob }));
    expect(Buffer.from(Plaintext ?? [])).toEqual(secret);
    expect(KeyId).toBe(arn.replace("us-east-1", "eu-west-1"));
    const replica = await errorOf(
      west.send(new ReplicateKeyCommand({ KeyId: id, ReplicaRegion: "eu-west-2" })),
    );
    expect(replica.message).toBe(`${KeyId} is not a multi-region primary key.`);
    await root.kms.send(new RotateKeyOnDemandCommand({ KeyId: id }));
    const here = await root.kms.send(new DescribeKeyCommand({ KeyId: id }));
    const there = await west.send(new DescribeKeyCommand({ KeyId: id }));
    expect(there.KeyMetadata?.CurrentKeyMaterialId).toBe(here.KeyMetadata?.CurrentKeyMaterialId);
    await root.kms.send(new UpdatePrimaryRegionCommand({ KeyId: id, PrimaryRegion: "eu-west-1" }));
    expect(
      (await west.send(new DescribeKeyCommand({ KeyId: id }))).KeyMetadata?.MultiRegionConfiguration,
    ).toMatchObject({
      MultiRegionKeyType: "PRIMARY",
      ReplicaKeys: [{ Region: "us-east-1" }],
    });
    // The primary waits for its replica to go first.
    const scheduled = await west.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }));
    expect(scheduled.KeyState).toBe("PendingReplicaDeletion");
    await root.kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }));
    await cloudkeep.clock.advance(8 * dayMs);
    expect((await west.send(new DescribeKeyCommand({ KeyId: id }))).KeyMetadata?.KeyState).toBe(
      "PendingDeletion",
    );
    await cloudkeep.clock.advance(8 * dayMs);
    expect((await errorOf(west.send(new DescribeKeyCommand({ KeyId: id })))).name).toBe("NotFoundException");
    west.destroy();
  });
});

describe("who may", () => {
  it("is decided by the key's policy", async () => {
    const reader = await newUser("reader");
    const { id, arn } = await newKey();
    const denied = await errorOf(reader.kms.send(new DescribeKeyCommand({ KeyId: id })));
    expect(denied.name).toBe("AccessDeniedException");
    expect(denied.message).toBe(
      `User: ${reader.arn} is not authorized to perform: kms:DescribeKey on resource: ${arn} because no identity-based policy allows the kms:DescribeKey action`,
    );
    await root.kms.send(
      new PutKeyPolicyCommand({
        KeyId: id,
        Policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { AWS: "arn:aws:iam::000000000000:root" },
              Action: "kms:*",
              Resource: "*",
            },
            {
              Effect: "Allow",
              Principal: { AWS: reader.arn },
              Action: "kms:Decrypt",
              Resource: "*",
              Condition: { StringEquals: { "kms:EncryptionContext:tenant": "example" } },
            },
          ],
        }),
      }),
    );
    const example = { tenant: "example" };
    await expect(
      reader.kms.send(
        new DecryptCommand({ CiphertextBlob: await encrypt(id, example), EncryptionContext: example }),
      ),
    ).resolves.toMatchObject({ KeyId: arn });
    const other = { tenant: "other" };
    expect(
      (
        await errorOf(
          reader.kms.send(
            new DecryptCommand({ CiphertextBlob: await encrypt(id, other), EncryptionContext: other }),
          ),
        )
      ).name,
    ).toBe("AccessDeniedException");
  });

  it("may not lock everybody out by mistake", async () => {
    const { id } = await newKey();
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::000000000000:root" },
          Action: "kms:Decrypt",
          Resource: "*",
        },
      ],
    });
    const error = await errorOf(root.kms.send(new PutKeyPolicyCommand({ KeyId: id, Policy })));
    expect([error.name, error.message]).toEqual([
      "MalformedPolicyDocumentException",
      "The new key policy will not allow you to update the key policy in the future.",
    ]);
    await root.kms.send(new PutKeyPolicyCommand({ KeyId: id, Policy, BypassPolicyLockoutSafetyCheck: true }));
  });

  it("is decided by a grant, within its constraints, until it ends", async () => {
    const grantee = await newUser("grantee");
    const { id } = await newKey();
    const granted = await root.kms.send(
      new CreateGrantCommand({
        KeyId: id,
        GranteePrincipal: grantee.arn,
        RetiringPrincipal: grantee.arn,
        Operations: ["GenerateDataKey", "Decrypt"],
        Constraints: { EncryptionContextSubset: { purpose: "backup" } },
      }),
    );
    const generate = (EncryptionContext: Record<string, string>) =>
      grantee.kms.send(new GenerateDataKeyCommand({ KeyId: id, KeySpec: "AES_256", EncryptionContext }));
    await expect(generate({ purpose: "backup", more: "yes" })).resolves.toMatchObject({
      KeyId: expect.stringContaining(id),
    });
    expect((await errorOf(generate({ purpose: "other" }))).name).toBe("AccessDeniedException");
    const again = await root.kms.send(
      new CreateGrantCommand({ KeyId: id, GranteePrincipal: grantee.arn, Operations: ["Decrypt"] }),
    );
    await grantee.kms.send(new RetireGrantCommand({ GrantToken: granted.GrantToken }));
    expect((await errorOf(generate({ purpose: "backup" }))).name).toBe("AccessDeniedException");
    await root.kms.send(new RevokeGrantCommand({ KeyId: id, GrantId: again.GrantId }));
    const gone = await errorOf(root.kms.send(new RevokeGrantCommand({ KeyId: id, GrantId: again.GrantId })));
    expect(gone.name).toBe("NotFoundException");
  });
});

describe("names and uses", () => {
  it("knows a key by its alias", async () => {
    const { id, arn } = await newKey();
    await root.kms.send(new CreateAliasCommand({ AliasName: "alias/orders", TargetKeyId: id }));
    const { KeyMetadata } = await root.kms.send(new DescribeKeyCommand({ KeyId: "alias/orders" }));
    expect(KeyMetadata?.Arn).toBe(arn);
    const bad = await errorOf(
      root.kms.send(new CreateAliasCommand({ AliasName: "orders", TargetKeyId: id })),
    );
    expect(bad.message).toContain('Alias must start with the prefix "alias/"');
    const reserved = await errorOf(root.kms.send(new DescribeKeyCommand({ KeyId: "alias/aws/s3" })));
    expect(reserved.name).toBe("NotFoundException");
  });

  it("reads a key's last use from the record", async () => {
    const { id } = await newKey();
    expect((await root.kms.send(new GetKeyLastUsageCommand({ KeyId: id }))).KeyLastUsage).toEqual({});
    await encrypt(id);
    const { KeyLastUsage } = await root.kms.send(new GetKeyLastUsageCommand({ KeyId: id }));
    expect(KeyLastUsage).toMatchObject({ Operation: "Encrypt" });
    expect(KeyLastUsage?.CloudTrailEventId).toMatch(/^[0-9a-f-]{36}$/);
  });
});
