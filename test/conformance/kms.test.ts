import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DecryptCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetKeyRotationStatusCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  type KMSClient,
  ListResourceTagsCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, startForTest } from "../harness.ts";
import { answerOf, expectRecorded, recordedAnswers } from "./recorded.ts";

const recorded = recordedAnswers("kms/test_kms.snapshot.json");

let cloudkeep: Cloudkeep;
let kms: KMSClient;
let elsewhere: KMSClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ kms } = clients(cloudkeep, cloudkeep.credentials));
  elsewhere = clients(cloudkeep, cloudkeep.credentials, "ap-southeast-1").kms;
});
afterAll(() => cloudkeep.stop());

async function newKey(input: CreateKeyCommandInput = {}, client = kms) {
  const { KeyMetadata } = await client.send(new CreateKeyCommand(input));
  return { KeyId: KeyMetadata?.KeyId ?? "", arn: KeyMetadata?.Arn ?? "", KeyMetadata };
}

/** Values that the model does not allow, for calls that must be refused. */
const invalid = <T>(value: unknown) => value as T;

interface Recording {
  name: string;
  /** Our answers, by the names of the recording's. */
  run: () => Promise<Record<string, unknown>>;
}

const message = Buffer.from("some important message");
const anotherId = "00000000-0000-4000-8000-000000000000";

const creating: Recording[] = [
  {
    name: "test_create_key",
    run: async () => ({ "describe-key": (await newKey({ Description: "test key 123" })).KeyMetadata }),
  },
  {
    name: "test_non_multi_region_keys_should_not_have_multi_region_properties",
    run: async () => ({
      non_multi_region_keys_should_not_have_multi_region_properties: (
        await newKey({ Description: "test non multi region key" })
      ).KeyMetadata,
    }),
  },
  {
    name: "test_create_multi_region_key",
    run: async () => ({
      create_multi_region_key: (await newKey({ MultiRegion: true, Description: "test multi region key" }))
        .KeyMetadata,
    }),
  },
  {
    name: "test_hmac_create_key",
    run: async () => {
      const { KeyId, KeyMetadata } = await newKey({
        Description: "test key",
        KeySpec: "HMAC_256",
        KeyUsage: "GENERATE_VERIFY_MAC",
      });
      const described = await kms.send(new DescribeKeyCommand({ KeyId }));
      return { "create-hmac-key": KeyMetadata, "describe-key": described.KeyMetadata };
    },
  },
  {
    name: "test_hmac_create_key_invalid_operations",
    run: async () => ({
      "create-hmac-key-without-key-usage": await answerOf(
        kms.send(new CreateKeyCommand({ KeySpec: "HMAC_256" })),
      ),
      "create-hmac-key-invalid-spec": await answerOf(
        kms.send(new CreateKeyCommand({ KeySpec: invalid("HMAC_random"), KeyUsage: "GENERATE_VERIFY_MAC" })),
      ),
      "create-hmac-key-invalid-key-usage": await answerOf(
        kms.send(new CreateKeyCommand({ KeySpec: "HMAC_256", KeyUsage: invalid("RANDOM") })),
      ),
    }),
  },
  {
    name: "test_get_key_does_not_exist",
    run: async () => {
      const arn = `arn:aws:kms:us-east-1:${cloudkeep.accountId}:key/${anotherId}`;
      const describeKey = (KeyId: string) => answerOf(kms.send(new DescribeKeyCommand({ KeyId })));
      return {
        "describe-nonexistent-key-with-id": await describeKey(anotherId),
        "describe-nonexistent-with-arn": await describeKey(arn),
        "describe-key-with-valid-id-mrk": await describeKey("mrk-d3b95762d3b95762d3b95762d3b95762"),
      };
    },
  },
  {
    name: "test_get_key_invalid_uuid",
    run: async () => {
      const describeKey = (KeyId: string) => answerOf(kms.send(new DescribeKeyCommand({ KeyId })));
      return {
        "describe-key-with-invalid-uuid": await describeKey("fake-key-id"),
        "describe-key-with-invalid-uuid-2": await describeKey("134f2428cec14b25a1ae9048164dba47"),
        "describe-key-with-invalid-uuid-mrk": await describeKey("mrk-fake-key-id"),
      };
    },
  },
  {
    name: "test_get_key_in_different_region",
    run: async () => {
      const { KeyId, arn } = await newKey({ Description: "test key 123" }, elsewhere);
      const describeKey = (client: KMSClient, name: string) =>
        answerOf(client.send(new DescribeKeyCommand({ KeyId: name })));
      return {
        "describe-key-diff-region-with-id": await describeKey(kms, KeyId),
        "describe-key-diff-region-with-arn": await describeKey(kms, arn),
        "describe-key-same-specific-region-with-id": await describeKey(elsewhere, KeyId),
        "describe-key-same-specific-region-with-arn": await describeKey(elsewhere, arn),
      };
    },
  },
  {
    name: "test_create_alias",
    run: async () => ({
      create_alias: await answerOf(
        kms.send(new CreateAliasCommand({ AliasName: "no-prefix", TargetKeyId: (await newKey()).KeyId })),
      ),
    }),
  },
  {
    name: "test_describe_with_alias_arn",
    run: async () => {
      const { KeyId, KeyMetadata } = await newKey({ Description: "test - description" });
      await kms.send(new CreateAliasCommand({ AliasName: "alias/described", TargetKeyId: KeyId }));
      const alias = `arn:aws:kms:us-east-1:${cloudkeep.accountId}:alias/described`;
      return {
        "created-key": KeyMetadata,
        "describe-key": await answerOf(kms.send(new DescribeKeyCommand({ KeyId: alias }))),
      };
    },
  },
  {
    name: "test_replicate_key",
    run: async () => {
      const { KeyId } = await newKey({ MultiRegion: true, Description: "test replicated key" });
      const before = await answerOf(elsewhere.send(new DescribeKeyCommand({ KeyId })));
      const replicated = await answerOf(
        kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: "ap-southeast-1" })),
      );
      return {
        "describe-key-from-different-region": before,
        "replicate-key": { ...replicated, ReplicaPolicy: JSON.parse(replicated.ReplicaPolicy as string) },
        "describe-key-from-region": await answerOf(kms.send(new DescribeKeyCommand({ KeyId }))),
        "describe-replicated-key": await answerOf(elsewhere.send(new DescribeKeyCommand({ KeyId }))),
      };
    },
  },
];

const using: Recording[] = [
  ...([undefined, 0, 1025] as const).map((NumberOfBytes) => ({
    name: `test_generate_random_invalid_number_of_bytes[${NumberOfBytes ?? "None"}]`,
    run: async () => ({
      "generate-random-exc": await answerOf(kms.send(new GenerateRandomCommand({ NumberOfBytes }))),
    }),
  })),
  ...(["RSA_2048", "RSA_3072", "RSA_4096"] as const).flatMap((KeySpec) =>
    (["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"] as const).map((EncryptionAlgorithm) => ({
      name: `test_encrypt_validate_plaintext_size_per_key_type[${KeySpec}-${EncryptionAlgorithm}]`,
      run: async () => {
        const { KeyId } = await newKey({ KeySpec, KeyUsage: "ENCRYPT_DECRYPT" });
        const encrypt = new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(1000), EncryptionAlgorithm });
        return { "generate-random-exc": await answerOf(kms.send(encrypt)) };
      },
    })),
  ),
  ...(
    [
      ["RSA_2048", "RSASSA_PSS_SHA_256"],
      ["RSA_2048", "RSASSA_PSS_SHA_384"],
      ["RSA_2048", "RSASSA_PSS_SHA_512"],
      ["RSA_4096", "RSASSA_PKCS1_V1_5_SHA_256"],
      ["RSA_4096", "RSASSA_PKCS1_V1_5_SHA_512"],
      ["ECC_NIST_P256", "ECDSA_SHA_256"],
      ["ECC_NIST_P384", "ECDSA_SHA_384"],
      ["ECC_SECG_P256K1", "ECDSA_SHA_256"],
    ] as const
  ).map(([KeySpec, SigningAlgorithm]) => ({
    name: `test_sign_verify[${KeySpec}-${SigningAlgorithm}]`,
    run: async () => {
      const { KeyId } = await newKey({ KeySpec, KeyUsage: "SIGN_VERIFY" });
      const what = { KeyId, SigningAlgorithm, Message: message };
      const signature = await kms.send(new SignCommand(what));
      const { Signature } = signature;
      const wrong = Buffer.from(Signature ?? []).reverse();
      return {
        signature: { ...signature, $metadata: undefined, ResponseMetadata: { HTTPStatusCode: 200 } },
        verification: await answerOf(kms.send(new VerifyCommand({ ...what, Signature }))),
        "bad-digest": await answerOf(
          kms.send(new SignCommand({ ...what, MessageType: "DIGEST", Message: Buffer.alloc(7) })),
        ),
        "bad-signature": await answerOf(kms.send(new VerifyCommand({ ...what, Signature: wrong }))),
      };
    },
  })),
  {
    name: "test_error_messaging_for_invalid_keys",
    run: async () => {
      const macKey = await newKey({ KeySpec: "HMAC_224", KeyUsage: "GENERATE_VERIFY_MAC" });
      const symmetric = await newKey();
      const signing = await newKey({ KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" });
      const { CiphertextBlob } = await kms.send(
        new EncryptCommand({ KeyId: symmetric.KeyId, Plaintext: message }),
      );
      const sign = { Message: message, SigningAlgorithm: "RSASSA_PSS_SHA_256" } as const;
      return {
        "generate-mac-invalid-key-id": await answerOf(
          kms.send(
            new GenerateMacCommand({
              KeyId: symmetric.KeyId,
              Message: message,
              MacAlgorithm: "HMAC_SHA_224",
            }),
          ),
        ),
        "sign-invalid-key-id": await answerOf(kms.send(new SignCommand({ KeyId: macKey.KeyId, ...sign }))),
        "verify-invalid-key-id": await answerOf(
          kms.send(new VerifyCommand({ KeyId: symmetric.KeyId, Signature: message, ...sign })),
        ),
        "encrypt-invalid-key-id": await answerOf(
          kms.send(new EncryptCommand({ KeyId: signing.KeyId, Plaintext: message })),
        ),
        "decrypt-invalid-key-id": await answerOf(
          kms.send(new DecryptCommand({ KeyId: (await newKey()).KeyId, CiphertextBlob })),
        ),
      };
    },
  },
  {
    name: "test_plaintext_size_for_encrypt",
    run: async () => ({
      "invalid-plaintext-size-encrypt": await answerOf(
        kms.send(new EncryptCommand({ KeyId: (await newKey()).KeyId, Plaintext: Buffer.alloc(4097) })),
      ),
    }),
  },
  {
    name: "test_encrypt_decrypt_encryption_context",
    run: async () => {
      const { KeyId } = await newKey();
      const EncryptionContext = { context: "value" };
      const sealed = await answerOf(
        kms.send(new EncryptCommand({ KeyId, Plaintext: message, EncryptionContext })),
      );
      const CiphertextBlob = sealed.CiphertextBlob as Uint8Array;
      return {
        encrypt_response: sealed,
        decrypt_response_with_encryption_context: await answerOf(
          kms.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext })),
        ),
        decrypt_response_without_encryption_context: await answerOf(
          kms.send(new DecryptCommand({ KeyId, CiphertextBlob })),
        ),
        decrypt_response_with_invalid_ciphertext: await answerOf(
          kms.send(new DecryptCommand({ KeyId, CiphertextBlob: message, EncryptionContext })),
        ),
      };
    },
  },
  ...(
    [
      [
        "test_generate_data_key",
        "generate-data-key-result",
        (KeyId: string) => kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" })),
      ],
      [
        "test_generate_data_key_without_plaintext",
        "generate-data-key-without-plaintext",
        (KeyId: string) =>
          kms.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: "AES_256" })),
      ],
      [
        "test_generate_data_key_pair",
        "generate-data-key-pair",
        (KeyId: string) => kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: "RSA_2048" })),
      ],
      [
        "test_generate_data_key_pair_without_plaintext",
        "generate-data-key-pair-without-plaintext",
        (KeyId: string) =>
          kms.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: "RSA_2048" })),
      ],
      [
        "test_generate_data_key_pair_dry_run",
        "dryrun_exception",
        (KeyId: string) =>
          kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: "RSA_2048", DryRun: true })),
      ],
      [
        "test_generate_data_key_pair_without_plaintext_dry_run",
        "dryrun_exception",
        (KeyId: string) =>
          kms.send(
            new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: "RSA_2048", DryRun: true }),
          ),
      ],
    ] as const
  ).map(([name, answer, call]) => ({
    name,
    run: async () => ({ [answer]: await answerOf(call((await newKey()).KeyId)) }),
  })),
  ...(["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"] as const).map((KeySpec) => {
    const MacAlgorithm = KeySpec.replace("_", "_SHA_") as "HMAC_SHA_224";
    return {
      name: `test_generate_and_verify_mac[${KeySpec}-${MacAlgorithm}]`,
      run: async () => {
        const { KeyId } = await newKey({ KeySpec, KeyUsage: "GENERATE_VERIFY_MAC" });
        const made = await answerOf(
          kms.send(new GenerateMacCommand({ KeyId, Message: message, MacAlgorithm })),
        );
        const verify = new VerifyMacCommand({
          KeyId,
          Message: message,
          MacAlgorithm,
          Mac: made.Mac as Uint8Array,
        });
        return { "generate-mac": made, "verify-mac": await answerOf(kms.send(verify)) };
      },
    };
  }),
  ...(
    [
      ["HMAC_224", "HMAC_SHA_256"],
      ["HMAC_256", "INVALID"],
    ] as const
  ).map(([KeySpec, algorithm]) => ({
    name: `test_invalid_generate_mac[${KeySpec}-${algorithm}]`,
    run: async () => {
      const { KeyId } = await newKey({ KeySpec, KeyUsage: "GENERATE_VERIFY_MAC" });
      const generate = new GenerateMacCommand({ KeyId, Message: message, MacAlgorithm: invalid(algorithm) });
      return { "generate-mac": await answerOf(kms.send(generate)) };
    },
  })),
  ...(
    [
      ["HMAC_SHA_256", "some different important message"],
      ["HMAC_SHA_512", "some important message"],
      ["INVALID", "some important message"],
    ] as const
  ).map(([algorithm, text]) => ({
    name: `test_invalid_verify_mac[HMAC_256-${algorithm}-${text}]`,
    run: async () => {
      const { KeyId } = await newKey({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
      const made = await answerOf(
        kms.send(new GenerateMacCommand({ KeyId, Message: message, MacAlgorithm: "HMAC_SHA_256" })),
      );
      const Mac = made.Mac as Uint8Array;
      const verify = new VerifyMacCommand({
        KeyId,
        Message: Buffer.from(text),
        Mac,
        MacAlgorithm: invalid(algorithm),
      });
      return { "generate-mac": made, "verify-mac": await answerOf(kms.send(verify)) };
    },
  })),
  {
    name: "test_derive_shared_secret",
    run: async () => {
      const agreement = { KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT" } as const;
      const [ours, theirs] = [await newKey(agreement), await newKey(agreement)];
      const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: theirs.KeyId }));
      const derive = (KeyId: string, more: object = {}) =>
        answerOf(
          kms.send(
            new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: "ECDH", PublicKey, ...more }),
          ),
        );
      const signing = await newKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
      return {
        response: await derive(ours.KeyId),
        "response-invalid-key-usage": await derive(signing.KeyId),
        "response-invalid-key-spec": await answerOf(
          kms.send(new CreateKeyCommand({ KeySpec: "RSA_2048", KeyUsage: "KEY_AGREEMENT" })),
        ),
        "response-invalid-key-agreement-algo": await derive(ours.KeyId, { KeyAgreementAlgorithm: "INVALID" }),
        "response-invalid-public-key": await derive(ours.KeyId, { PublicKey: Buffer.from("no key") }),
      };
    },
  },
  ...(
    [
      ["SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT"],
      ["RSA_2048", "RSAES_OAEP_SHA_256"],
    ] as const
  ).map(([KeySpec, algorithm]) => ({
    name: `test_re_encrypt[${KeySpec}-${algorithm}]`,
    run: async () => {
      const key = { KeySpec, KeyUsage: "ENCRYPT_DECRYPT" } as const;
      const [from, to] = [await newKey(key), await newKey(key)];
      const { CiphertextBlob } = await kms.send(
        new EncryptCommand({ KeyId: from.KeyId, Plaintext: message, EncryptionAlgorithm: algorithm }),
      );
      const move = new ReEncryptCommand({
        CiphertextBlob,
        SourceKeyId: from.KeyId,
        DestinationKeyId: to.KeyId,
        SourceEncryptionAlgorithm: algorithm,
        DestinationEncryptionAlgorithm: algorithm,
      });
      return { test_re_encrypt: await answerOf(kms.send(move)) };
    },
  })),
  {
    name: "test_re_encrypt_incorrect_source_key",
    run: async () => {
      const { CiphertextBlob } = await kms.send(
        new EncryptCommand({ KeyId: (await newKey()).KeyId, Plaintext: message }),
      );
      const other = (await newKey()).KeyId;
      const move = new ReEncryptCommand({ CiphertextBlob, SourceKeyId: other, DestinationKeyId: other });
      return { "incorrect-source-key": await answerOf(kms.send(move)) };
    },
  },
];

const tag = (number: number, value = `value${number}`) => ({ TagKey: `tag${number}`, TagValue: value });

async function tagsOf(KeyId: string) {
  const { Tags = [] } = await kms.send(new ListResourceTagsCommand({ KeyId }));
  return Tags.sort((a, b) => ((a.TagKey ?? "") < (b.TagKey ?? "") ? -1 : 1));
}

const managing: Recording[] = [
  {
    name: "test_untag_key_partially",
    run: async () => {
      const { KeyId } = await newKey({ Tags: [tag(1), tag(2), tag(3)] });
      const before = await tagsOf(KeyId);
      await kms.send(new UntagResourceCommand({ KeyId, TagKeys: ["tag2"] }));
      return {
        "list-resource-tags": before,
        "list-resource-tags-after-partially-untagged": await tagsOf(KeyId),
      };
    },
  },
  {
    name: "test_update_and_add_tags_on_tagged_key",
    run: async () => {
      const { KeyId } = await newKey({ Tags: [tag(1), tag(2), tag(3)] });
      const before = await tagsOf(KeyId);
      await kms.send(new TagResourceCommand({ KeyId, Tags: [tag(2, "updated_value2"), tag(4), tag(5)] }));
      return { "list-resource-tags": before, "list-resource-tags-after-tags-updated": await tagsOf(KeyId) };
    },
  },
  {
    name: "test_tag_key_with_duplicate_tag_keys_raises_error",
    run: async () => {
      const { KeyId } = await newKey();
      return {
        "duplicate-tag-keys": await answerOf(
          kms.send(new TagResourceCommand({ KeyId, Tags: [tag(1), tag(1, "another")] })),
        ),
      };
    },
  },
  {
    name: "test_create_key_with_too_many_tags_raises_error",
    run: async () => {
      const Tags = Array.from({ length: 51 }, (_, i) => tag(i));
      return { "invalid-tag-key": await answerOf(kms.send(new CreateKeyCommand({ Tags }))) };
    },
  },
  {
    name: "test_key_with_long_tag_value_raises_error",
    run: async () => ({
      "too-long-tag-value": await answerOf(
        kms.send(new CreateKeyCommand({ Tags: [tag(1, "v".repeat(257))] })),
      ),
    }),
  },
  ...(
    [
      ["lowercase_prefix", "aws:key1"],
      ["uppercase_prefix", "AWS:key1"],
      ["too_long_key", "a".repeat(129)],
    ] as const
  ).map(([id, TagKey]) => {
    const name = `test_create_key_with_invalid_tag_key[${id}]`;
    // The recording spells the name of this answer differently from case to case.
    const [answer = ""] = Object.keys(recorded?.[name] ?? {});
    const create = new CreateKeyCommand({ Tags: [{ TagKey, TagValue: "value" }] });
    return { name, run: async () => ({ [answer]: await answerOf(kms.send(create)) }) };
  }),
  ...([90, 180] as const).map((RotationPeriodInDays) => ({
    name: `test_key_enable_rotation_status[${RotationPeriodInDays}]`,
    run: async () => {
      const { KeyId } = await newKey();
      await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }));
      return { match_response: await answerOf(kms.send(new GetKeyRotationStatusCommand({ KeyId }))) };
    },
  })),
  ...(
    [
      ["test_rotate_key_on_demand_raises_error_given_key_that_does_not_exist", async () => anotherId],
      [
        "test_rotate_key_on_demand_raises_error_given_non_symmetric_key",
        async () => (await newKey({ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" })).KeyId,
      ],
      [
        "test_rotate_key_on_demand_raises_error_given_key_is_disabled",
        async () => {
          const { KeyId } = await newKey();
          await kms.send(new DisableKeyCommand({ KeyId }));
          return KeyId;
        },
      ],
    ] as const
  ).map(([name, key]) => ({
    name,
    run: async () => ({
      "error-response": await answerOf(kms.send(new RotateKeyOnDemandCommand({ KeyId: await key() }))),
    }),
  })),
  {
    name: "test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_enabled",
    run: async () => {
      const { KeyId } = await newKey();
      await kms.send(new EnableKeyRotationCommand({ KeyId }));
      return {
        "rotate-on-demand-response": await answerOf(kms.send(new RotateKeyOnDemandCommand({ KeyId }))),
        "rotation-status-response-after-rotation": await answerOf(
          kms.send(new GetKeyRotationStatusCommand({ KeyId })),
        ),
      };
    },
  },
  {
    name: "test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_disabled",
    run: async () => {
      const { KeyId } = await newKey();
      return {
        "rotate-on-demand-response": await answerOf(kms.send(new RotateKeyOnDemandCommand({ KeyId }))),
        "rotation-status-response-after-rotation": await answerOf(
          kms.send(new GetKeyRotationStatusCommand({ KeyId })),
        ),
      };
    },
  },
  {
    name: "test_get_parameters_for_import_raises_for_non_external_kms_keys",
    run: async () => {
      const { KeyId } = await newKey();
      const parameters = new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: "RSAES_OAEP_SHA_256",
        WrappingKeySpec: "RSA_2048",
      });
      return { "get-import-parameters-error": await answerOf(kms.send(parameters)) };
    },
  },
  ...(["SYMMETRIC_DEFAULT", "RSA_4096"] as const).map((spec) => ({
    name: `test_rotate_key_on_demand_on_external_key_with_no_key_material[${spec}]`,
    run: async () => {
      const { KeyId, KeyMetadata } = await newKey({ Origin: "EXTERNAL", Description: "test-key" });
      return {
        "create-kms-external-key": KeyMetadata,
        [`rotate-key-on-demand-error-response-${spec}`]: await answerOf(
          kms.send(new RotateKeyOnDemandCommand({ KeyId })),
        ),
      };
    },
  })),
];

describe.skipIf(recorded === undefined).each([
  ["making and finding keys", creating],
  ["using keys", using],
  ["managing keys", managing],
] as const)("%s, as recorded from AWS", (_, recordings) => {
  it.each(recordings)("$name", async ({ name, run }) => {
    const expected = recorded?.[name] ?? {};
    const ours = await run();
    const judged = Object.keys(expected).filter((answer) => ours[answer] !== undefined);
    expect(judged.length).toBeGreaterThan(0);
    const known = new Map<string, string>();
    for (const answer of judged) expectRecorded(ours[answer], expected[answer], known);
  });
});
