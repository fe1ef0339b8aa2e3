import { CreateAccessKeyCommand, CreateUserCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import { GetSessionTokenCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessKeys, userKeys } from "../../src/services/iam/tables.ts";
import { services } from "../../src/services/index.ts";
import { type Cloudkeep, start } from "../../src/start.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { type Credentials, clients, credentialsOf } from "../harness.ts";
import type { Texts } from "./examples.ts";
import { builtOperations, draftOf, type Target, textsOf } from "./operations.ts";
import { type RawAnswer, send } from "./raw.ts";
import { signed } from "./sign.ts";

/**
 * Every operation that is built, made from the services' own lists so that none is forgotten, as called by those
 * who may not: nobody, somebody without permission, somebody whose session has ended, another account.
 */

const dayMs = 86_400_000;
const otherAccount = "444455556666";

/** Operations that AWS lets any signed caller make. Everything else is refused to a user without policies. */
const openToEveryCaller = ["sts:GetCallerIdentity", "sts:GetSessionToken"];
const targets = await builtOperations();

/** Operations that AWS takes unsigned, most of them for users of apps: what they carry is judged instead. */
const unsigned = [
  "sts:AssumeRoleWithSAML",
  "sts:AssumeRoleWithWebIdentity",
  "sns:ConfirmSubscription",
  "sns:Unsubscribe",
  ...targets
    .filter(({ service, operation, contract }) => {
      return service.startsWith("cognito-") && contract.operations[operation]?.unsigned;
    })
    .map(({ name }) => name),
];

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let texts: Texts;
let unprivileged: Credentials;
let expired: Credentials;
const foreign: Credentials = {
  accessKeyId: "AKIAFOREIGNROOT00001",
  secretAccessKey: "a secret of the other account only",
};

beforeAll(async () => {
  cloudkeep = await start({ store });
  const root = clients(cloudkeep, cloudkeep.credentials);
  await root.iam.send(new CreateUserCommand({ UserName: "nobody" }));
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: "nobody" }));
  unprivileged = credentialsOf(AccessKey);
  const session = await root.sts.send(new GetSessionTokenCommand({}));
  expired = credentialsOf(session.Credentials);
  await cloudkeep.clock.advance(3 * dayMs);
  const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
  texts = textsOf(cloudkeep.accountId, KeyMetadata?.Arn ?? "");
  // The other account's root may do everything there.
  await store.transact(async (tx) => {
    accessKeys.put(tx, [foreign.accessKeyId], {
      ...foreign,
      account: otherAccount,
      status: "Active",
      createDate: 0,
    });
    userKeys.put(tx, [otherAccount, "", foreign.accessKeyId], { createDate: 0 });
  });
});
afterAll(() => cloudkeep.stop());

async function call(target: Target, credentials?: Credentials): Promise<RawAnswer> {
  const host = `127.0.0.1:${cloudkeep.port}`;
  const draft = draftOf(target, texts);
  if (credentials === undefined) {
    // An unsigned path alone may be one of S3, which is open to anybody: the host tells whose it is.
    const named = `${target.contract.endpointPrefix}.us-east-1.amazonaws.com`;
    const at = draft.path === "/" || target.service === "s3" ? host : named;
    return await send(cloudkeep.port, { ...draft, headers: { ...draft.headers, host: at } });
  }
  return await send(
    cloudkeep.port,
    signed("header", draft, { credentials, service: target.contract.signingName, host }),
  );
}

/** The code of an error answer, JSON or XML; undefined for a success. */
function codeOf({ status, headers, body }: RawAnswer): string | undefined {
  if (status < 300) return undefined;
  const named = headers["x-amzn-errortype"];
  if (typeof named === "string") return named;
  return /"__type":"(?:[^"#]*#)?([^"]+)"/.exec(body)?.[1] ?? /<Code>([^<]+)<\/Code>/.exec(body)?.[1] ?? body;
}

/** A HEAD request's answer has no body: its status tells. */
function isHead({ contract, operation }: Target): boolean {
  return contract.operations[operation]?.http?.method === "HEAD";
}

/** A service that lets a resource's policy open it to everybody judges nobody as anybody. */
function refusalOfNobody({ service }: Target): RegExp {
  return services[service]?.open
    ? /^(?:AccessDenied|NoSuchBucket)$/
    : /^MissingAuthenticationToken(?:Exception)?$/;
}

/** Everything that is stored, but for the record and what the timers hold. */
async function state(): Promise<string> {
  const rows = await store.transact((tx) => tx.range("", "\uffff"));
  return rows.map(([key, value]) => `${key} ${Buffer.from(value).toString("base64")}`).join("\n");
}

const guarded = targets.filter(({ name }) => !unsigned.includes(name) && !openToEveryCaller.includes(name));

/** What one account offers another, and takes back: it is shown to that one, and does nothing until taken up. */
const offers = new Set(["events:CreatePartnerEventSource", "events:DeletePartnerEventSource"]);

describe("every operation", () => {
  it("is known to this test", () => {
    expect(targets.length).toBeGreaterThan(60);
    const names = targets.map(({ name }) => name);
    // A name that no longer exists must leave the lists of exceptions.
    expect(openToEveryCaller.filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each(targets)("$name is refused to nobody's call", async (target) => {
    const before = await state();
    const answer = await call(target);
    const code = codeOf(answer);
    if (isHead(target)) expect([403, 404]).toContain(answer.status);
    else if (unsigned.includes(target.name)) expect(code).toBeDefined();
    else expect(code).toMatch(refusalOfNobody(target));
    expect(await state()).toBe(before);
  });

  it.each(guarded)("$name is refused to a user without permission", async (target) => {
    const before = await state();
    const answer = await call(target, unprivileged);
    if (isHead(target)) {
      expect(answer.status).toBe(403);
      expect(await state()).toBe(before);
      return;
    }
    expect([codeOf(answer), answer.body]).toEqual([
      expect.stringMatching(/^AccessDenied(?:Exception)?$/),
      expect.anything(),
    ]);
    expect(answer.body).toContain("is not authorized to perform");
    expect(await state()).toBe(before);
  });

  it.each(targets.filter(({ name }) => !unsigned.includes(name)))(
    "$name is refused to an expired session",
    async (target) => {
      const before = await state();
      const answer = await call(target, expired);
      if (isHead(target)) expect(answer.status).toBe(400);
      else expect(codeOf(answer)).toMatch(/^ExpiredToken(?:Exception)?$/);
      expect(await state()).toBe(before);
    },
  );

  it.each(guarded.filter(({ service }) => service !== "cloudkeep"))(
    "$name of another account neither shows nor changes anything of this one",
    async (target) => {
      const home = async () =>
        (await state())
          .split("\n")
          .filter((row) => row.includes(cloudkeep.accountId))
          .join("\n");
      const before = await home();
      const answer = await call(target, foreign);
      // The history of the other account rightly names what it was refused.
      const shown =
        target.service === "cloudtrail"
          ? `recipientAccountId\\":\\"${cloudkeep.accountId}`
          : cloudkeep.accountId;
      if (codeOf(answer) === undefined) expect(answer.body.includes(shown)).toBe(false);
      if (!offers.has(target.name)) expect(await home()).toBe(before);
    },
  );

  it.each(guarded.filter(({ service }) => service === "cloudkeep"))(
    "$name is refused to another account",
    async (target) => {
      expect(codeOf(await call(target, foreign))).toBe("AccessDeniedException");
    },
  );

  it("was recorded as refused", async () => {
    const { entries } = await store.log("record").read({ from: 0, terms: [], limit: 100_000 });
    const denied = new Set(
      entries.flatMap(({ text }) => {
        const { event } = JSON.parse(text) as {
          event: { errorCode?: string; eventSource: string; eventName: string };
        };
        return event.errorCode?.startsWith("AccessDenied") ? [`${event.eventSource}:${event.eventName}`] : [];
      }),
    );
    const notDenied = guarded.filter(
      ({ eventSource, eventName }) => !denied.has(`${eventSource}:${eventName}`),
    );
    expect(notDenied.map(({ name }) => name)).toEqual([]);
  });
});
