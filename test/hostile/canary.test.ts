import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { CreateAccessKeyCommand, CreateLoginProfileCommand, CreateUserCommand } from "@aws-sdk/client-iam";
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateMacCommand,
  SignCommand,
} from "@aws-sdk/client-kms";
import { GetSessionTokenCommand } from "@aws-sdk/client-sts";
import pino from "pino";
import { expect, it } from "vitest";
import { fixedRootKey, newRootKey } from "../../src/sealing/rootKey.ts";
import { keys } from "../../src/services/kms/tables.ts";
import { Browser } from "../../src/services/signin/testing.ts";
import { start } from "../../src/start.ts";
import { LevelStore } from "../../src/storage/level.ts";
import { clients, credentialsOf } from "../harness.ts";
import { builtOperations, draftOf, textsOf } from "./operations.ts";
import { send } from "./raw.ts";
import { signed } from "./sign.ts";
import { secretsOfUsers } from "./userSecrets.ts";

/**
 * Secrets that go in through every API, and those that come out, are nowhere in the data directory or the logs, in
 * any encoding.
 */

const canary = "canary0secret0that0must0not0be0seen0X1";

/** A secret in every form in which it might be written down. */
function encodings(secret: Buffer): Buffer[] {
  const text = secret.toString("latin1");
  const wide = Buffer.from(text, "utf16le");
  const forms = [
    secret,
    secret.toString("hex"),
    secret.toString("hex").toUpperCase(),
    secret.toString("base64").replace(/=+$/, ""),
    secret.toString("base64url"),
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    wide,
    wide.swap16(),
    Buffer.from(secret).reverse(),
  ];
  return forms.map((form) => Buffer.from(form));
}

function everyFile(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

it("secrets are found in no file and no log line", { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "cloudkeep-canary-"));
  const logged: Buffer[] = [];
  const sink = new PassThrough().on("data", (chunk: Buffer) => logged.push(chunk));
  const store = await LevelStore.open({ dir: directory, rootKey: fixedRootKey(newRootKey()) });
  const cloudkeep = await start({ store, log: pino({ level: "trace" }, sink) });
  const root = clients(cloudkeep, cloudkeep.credentials);
  const secrets = new Map<string, Buffer>([
    ["canary", Buffer.from(canary)],
    ["root secret key", Buffer.from(cloudkeep.credentials.secretAccessKey)],
  ]);

  await root.iam.send(new CreateUserCommand({ UserName: "nobody" }));
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: "nobody" }));
  secrets.set("secret access key", Buffer.from(AccessKey?.SecretAccessKey ?? ""));
  const session = await root.sts.send(new GetSessionTokenCommand({}));
  secrets.set("session secret", Buffer.from(session.Credentials?.SecretAccessKey ?? ""));
  await clients(cloudkeep, credentialsOf(session.Credentials)).kms.send(new CreateKeyCommand({}));

  // On the sign-in page: as a password that is right, as one that is wrong, and in the wrong field.
  await root.iam.send(
    new CreateLoginProfileCommand({ UserName: "nobody", Password: canary, PasswordResetRequired: true }),
  );
  const browser = new Browser(cloudkeep.endpoint);
  const account = cloudkeep.accountId;
  await browser.open();
  await browser.submit("password", { account, user: "nobody", password: `${canary}!` });
  await browser.submit("password", { account, user: canary, password: canary });
  await browser.submit("password", { account, user: "nobody", password: canary });
  await browser.submit("change", { old: canary, new: `${canary}!`, again: `${canary}!` });
  expect(browser.text).toContain("iam:ChangePassword");

  for (const [name, secret] of await secretsOfUsers(cloudkeep, store, canary)) secrets.set(name, secret);

  const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
  const KeyId = KeyMetadata?.KeyId;
  const Plaintext = Buffer.from(canary);
  const { CiphertextBlob } = await root.kms.send(new EncryptCommand({ KeyId, Plaintext }));
  await root.kms.send(new DecryptCommand({ CiphertextBlob }));
  const dataKey = await root.kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
  secrets.set("data key", Buffer.from(dataKey.Plaintext ?? []));
  const pair = await root.kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: "ECC_NIST_P256" }));
  secrets.set("data key pair", Buffer.from(pair.PrivateKeyPlaintext ?? []).subarray(36, 68));
  const macKey = await root.kms.send(
    new CreateKeyCommand({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" }),
  );
  const mac = { KeyId: macKey.KeyMetadata?.KeyId, Message: Plaintext, MacAlgorithm: "HMAC_SHA_256" } as const;
  await root.kms.send(new GenerateMacCommand(mac));
  const signing = await root.kms.send(
    new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }),
  );
  await root.kms.send(
    new SignCommand({
      KeyId: signing.KeyMetadata?.KeyId,
      Message: Plaintext,
      SigningAlgorithm: "ECDSA_SHA_256",
    }),
  );
  const keyRows = await store.transact((tx) => keys.list(tx, [cloudkeep.accountId, "us-east-1"]));
  for (const row of keyRows.flatMap(({ row: { materials } }) => Object.values(materials))) {
    // Of a private key in PKCS #8, the part that is the number itself.
    const bytes = Buffer.from(row.secret, "base64");
    secrets.set(`material ${row.materialId}`, bytes.length > 64 ? bytes.subarray(36, 68) : bytes);
  }
  expect((await store.transact((tx) => keys.list(tx, [cloudkeep.accountId]))).length).toBeGreaterThan(3);

  // Every operation that is built, with the canary wherever its contract says "sensitive"; signed, then altered.
  const texts = { ...textsOf(cloudkeep.accountId, KeyMetadata?.Arn ?? ""), secret: canary };
  const host = `127.0.0.1:${cloudkeep.port}`;
  let carried = 0;
  for (const target of await builtOperations()) {
    if (target.name === "cloudkeep:ResetState" || target.name === "cloudkeep:AdvanceClock") continue;
    const draft = draftOf(target, texts);
    const { body } = draft;
    if (body.includes(canary) || body.includes(Buffer.from(canary).toString("base64"))) carried += 1;
    const options = { credentials: cloudkeep.credentials, service: target.contract.signingName, host };
    const request = signed("header", draft, options);
    await send(cloudkeep.port, request);
    await send(cloudkeep.port, { ...request, body: `${draft.body} ` });
  }
  expect(carried).toBeGreaterThan(3);

  await store.compact("record");
  await cloudkeep.stop();
  const places: [string, Buffer][] = everyFile(directory).map((file) => [file, readFileSync(file)]);
  places.push(["the log", Buffer.concat(logged)]);
  // Names are no secrets: that one is found shows that the search would find the others.
  expect(places.some(([, bytes]) => bytes.includes("nobody"))).toBe(true);
  const seen = places.flatMap(([place, bytes]) =>
    [...secrets].flatMap(([name, secret]) =>
      encodings(secret).some((form) => form.length > 15 && bytes.includes(form))
        ? [`${name} in ${place}`]
        : [],
    ),
  );
  expect(seen).toEqual([]);
  rmSync(directory, { recursive: true, force: true });
});
