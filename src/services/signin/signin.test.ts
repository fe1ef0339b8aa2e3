import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import type { IAM } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newCertificate } from "../../../test/certificate.ts";
import { clients, credentialsOf, newMember, optionsOf } from "../../../test/harness.ts";
import type { TrailEvent } from "../../kit/record.ts";
import { codeAt, fromBase32, stepAt } from "../../kit/totp.ts";
import { start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { type Bench, iamOf, startBench } from "../iam/testing.ts";
import { Browser } from "./testing.ts";

let bench: Bench;
let root: IAM;
let account: string;
const password = "correct horse battery staple";

beforeAll(async () => {
  bench = await startBench();
  ({ root } = bench);
  account = bench.cloudkeep.accountId;
  await root.createAccountAlias({ AccountAlias: "data-team" });
});
afterAll(() => bench.cloudkeep.stop());
// Attempts of one test do not count against another.
beforeEach(() => bench.cloudkeep.clock.advance(11 * 60_000));

async function user(UserName: string, PasswordResetRequired = false): Promise<void> {
  await root.createUser({ UserName });
  await root.createLoginProfile({ UserName, Password: password, PasswordResetRequired });
}

/** Gives the user a device; its present code. */
async function device(UserName: string): Promise<() => string> {
  const { VirtualMFADevice } = await root.createVirtualMFADevice({ VirtualMFADeviceName: UserName });
  const secret = fromBase32(Buffer.from(VirtualMFADevice?.Base32StringSeed ?? []).toString());
  const now = () => stepAt(bench.cloudkeep.clock.now());
  await root.enableMFADevice({
    UserName,
    SerialNumber: VirtualMFADevice?.SerialNumber ?? "",
    AuthenticationCode1: codeAt(secret, now()),
    AuthenticationCode2: codeAt(secret, now() + 1),
  });
  await bench.cloudkeep.clock.advance(90_000);
  return () => codeAt(secret, now());
}

function browser(): Browser {
  return new Browser(bench.cloudkeep.endpoint);
}

async function signIn(userName: string, secret = password, named = account): Promise<Browser> {
  const opened = browser();
  await opened.open();
  await opened.submit("password", { account: named, user: userName, password: secret });
  return opened;
}

async function lastSignIn(AttributeValue = "ConsoleLogin"): Promise<TrailEvent> {
  const { cloudtrail } = clients(bench.cloudkeep, bench.cloudkeep.credentials);
  const { LookupEventsCommand } = await import("@aws-sdk/client-cloudtrail");
  const { Events = [] } = await cloudtrail.send(
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: "EventName", AttributeValue }],
      MaxResults: 1,
    }),
  );
  return JSON.parse(Events[0]?.CloudTrailEvent ?? "{}") as TrailEvent;
}

describe("a user with a password", () => {
  it("signs in by account id or alias, and out again", async () => {
    await user("alice");
    for (const named of [account, "data-team"]) {
      const alice = await signIn("alice", password, named);
      expect(alice.status).toBe(200);
      expect(alice.text).toContain(`arn:aws:iam::${account}:user/alice`);
      expect(alice.text).toMatch(/Until<\/dt><dd>\d{4}-\d\d-\d\d \d\d:\d\d UTC/);
      await alice.submit("signOut", {});
      expect(alice.text).toContain("Sign in as IAM user");
      expect([...alice.cookies.keys()]).not.toContain("cloudkeep-session");
    }
  });

  it("is recorded, and its last use noted", async () => {
    await user("bob");
    await signIn("bob");
    const { User } = await root.getUser({ UserName: "bob" });
    const event = await lastSignIn();
    expect(event).toMatchObject({
      userIdentity: {
        type: "IAMUser",
        principalId: User?.UserId,
        arn: User?.Arn,
        accountId: account,
        userName: "bob",
      },
      eventSource: "signin.amazonaws.com",
      eventName: "ConsoleLogin",
      awsRegion: "us-east-1",
      sourceIPAddress: "127.0.0.1",
      userAgent: "a browser",
      requestParameters: null,
      responseElements: { ConsoleLogin: "Success" },
      additionalEventData: {
        LoginTo: `${bench.cloudkeep.endpoint}/signin`,
        MobileVersion: "No",
        MFAUsed: "No",
      },
      eventType: "AwsConsoleSignIn",
      managementEvent: true,
      recipientAccountId: account,
    });
    expect(event).not.toHaveProperty("errorMessage");
    expect(Math.abs((User?.PasswordLastUsed?.getTime() ?? 0) - bench.cloudkeep.clock.now())).toBeLessThan(
      5_000,
    );
  });

  it("of another account signs in there", async () => {
    const { organizations } = clients(bench.cloudkeep, bench.cloudkeep.credentials);
    const { CreateOrganizationCommand } = await import("@aws-sdk/client-organizations");
    await organizations.send(new CreateOrganizationCommand({ FeatureSet: "ALL" }));
    const member = await newMember(organizations);
    const { credentials } = await bench.userWho("admin", { Effect: "Allow", Action: "*", Resource: "*" });
    const { AssumeRoleCommand } = await import("@aws-sdk/client-sts");
    const RoleArn = `arn:aws:iam::${member}:role/OrganizationAccountAccessRole`;
    const { Credentials } = await clients(bench.cloudkeep, credentials).sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: "setup" }),
    );
    const there = iamOf(bench.cloudkeep, credentialsOf(Credentials));
    await there.createUser({ UserName: "carol" });
    await there.createLoginProfile({ UserName: "carol", Password: password });
    expect((await signIn("carol")).status).toBe(403);
    const carol = await signIn("carol", password, member);
    expect(carol.text).toContain(`arn:aws:iam::${member}:user/carol`);
  });
});

describe("a refusal", () => {
  it("says the same of a wrong password, an unknown user, one without a password, and an unknown account", async () => {
    await user("dave");
    await root.createUser({ UserName: "keyless" });
    const refused = [
      await signIn("dave", "wrong"),
      await signIn("nobody"),
      await signIn("keyless"),
      await signIn("dave", password, "999999999999"),
      await signIn("dave", password, "no-such-alias"),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    const alerts = refused.map(({ text }) => /<p role="alert">([^<]*)/.exec(text)?.[1]);
    expect(new Set(alerts)).toEqual(
      new Set(["Your authentication information is incorrect. Please try again."]),
    );
    for (const one of refused) expect(one.cookies.has("cloudkeep-session")).toBe(false);
  });

  it("is recorded with the name of a user that exists alone", async () => {
    await user("erin");
    await signIn("erin", "wrong");
    const known = await lastSignIn();
    expect(known).toMatchObject({
      userIdentity: { type: "IAMUser", accountId: account, accessKeyId: "", userName: "erin" },
      errorMessage: "Failed authentication",
      responseElements: { ConsoleLogin: "Failure" },
      additionalEventData: { MFAUsed: "No" },
    });
    await signIn("hunter2-typed-as-a-name");
    const unknown = await lastSignIn();
    expect(unknown).toMatchObject({
      userIdentity: { userName: "HIDDEN_DUE_TO_SECURITY_REASONS" },
      errorMessage: "No username found in supplied account",
    });
    expect(JSON.stringify(unknown)).not.toContain("hunter2");
  });

  it("comes after five failures, whatever the password, and ends by the clock", async () => {
    await user("frank");
    for (let i = 0; i < 5; i += 1) expect((await signIn("frank", "wrong")).status).toBe(403);
    expect((await signIn("frank")).status).toBe(429);
    // By alias it is the same user.
    expect((await signIn("FRANK", password, "data-team")).status).toBe(429);
    await user("grace");
    expect((await signIn("grace")).status).toBe(200);
    await bench.cloudkeep.clock.advance(10 * 60_000);
    expect((await signIn("frank")).status).toBe(200);
  });

  it("comes to an address that tries many users", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 51; i += 1) statuses.push((await signIn(`somebody-${i}`)).status);
    expect(statuses.filter((status) => status === 403)).toHaveLength(50);
    expect(statuses.at(-1)).toBe(429);
  });

  it("counts attempts that come at once", async () => {
    await user("heidi");
    const all = await Promise.all(Array.from({ length: 12 }, () => signIn("heidi", "wrong")));
    expect(all.filter(({ status }) => status === 403)).toHaveLength(5);
  });
});

describe("a user with an MFA device", () => {
  it("is asked for a code after the password, and has it in the session", async () => {
    await user("ivan");
    const code = await device("ivan");
    const ivan = await signIn("ivan");
    expect(ivan.text).toContain("Multi-factor authentication");
    expect(ivan.cookies.has("cloudkeep-session")).toBe(false);
    expect(await lastSignIn("CheckMfa")).toMatchObject({
      userIdentity: { userName: "ivan", accessKeyId: "" },
      eventType: "AwsConsoleSignIn",
      responseElements: { CheckMfa: "Success" },
      additionalEventData: { MfaType: "Virtual MFA" },
    });
    await ivan.submit("code", { code: code() });
    expect(ivan.text).toContain("MFA</dt><dd>used");
    expect(await lastSignIn()).toMatchObject({
      additionalEventData: { MFAUsed: "Yes", MFAIdentifier: `arn:aws:iam::${account}:mfa/ivan` },
      responseElements: { ConsoleLogin: "Success" },
    });
  });

  it("is refused with a wrong code, and with one that was used", async () => {
    await user("judy");
    const code = await device("judy");
    const wrong = await signIn("judy");
    await wrong.submit("code", { code: code() === "000000" ? "111111" : "000000" });
    expect(wrong.status).toBe(403);
    expect(await lastSignIn()).toMatchObject({
      userIdentity: { userName: "judy" },
      errorMessage: "Failed authentication",
      additionalEventData: { MFAUsed: "Yes" },
    });
    const used = code();
    await (await signIn("judy")).submit("code", { code: used });
    const replayed = await signIn("judy");
    await replayed.submit("code", { code: used });
    expect(replayed.status).toBe(403);
    expect(replayed.cookies.has("cloudkeep-session")).toBe(false);
  });

  it("does not learn from the code's page whether the password was right, and a wrong one spends no code", async () => {
    await user("karl");
    const code = await device("karl");
    const right = await signIn("karl");
    const wrong = await signIn("karl", "wrong");
    const shown = ({ text }: Browser) => text.replace(/name="token" value="[^"]*"/g, "");
    expect(shown(wrong)).toBe(shown(right));
    await wrong.submit("code", { code: code() });
    expect(wrong.status).toBe(403);
    await right.submit("code", { code: code() });
    expect(right.status).toBe(200);
  });

  it("gets one try for each password, and not for long", async () => {
    await user("liam");
    const code = await device("liam");
    const twice = await signIn("liam");
    const before = new Map(twice.cookies);
    const token = twice.token("code");
    await twice.submit("code", { code: "12345" });
    before.forEach((value, name) => {
      twice.cookies.set(name, value);
    });
    await twice.post({ step: "code", token, code: code() });
    expect(twice.status).toBe(403);
    const late = await signIn("liam");
    await bench.cloudkeep.clock.advance(11 * 60_000);
    await late.submit("code", { code: code() });
    expect(late.status).toBe(403);
  });

  it("is refused if the password was changed in between", async () => {
    await user("mia");
    const code = await device("mia");
    const mia = await signIn("mia");
    await bench.cloudkeep.clock.advance(1_000);
    await root.updateLoginProfile({ UserName: "mia", Password: "another password 1" });
    await mia.submit("code", { code: code() });
    expect(mia.status).toBe(403);
  });
});

describe("a password that must be changed", () => {
  const next = "the next password, longer";

  it("is changed by the rules of ChangePassword before a session begins", async () => {
    await user("nina", true);
    const nina = await signIn("nina");
    expect(nina.text).toContain("You must change your password");
    expect(nina.cookies.has("cloudkeep-session")).toBe(false);
    await nina.submit("change", { old: password, new: next, again: next });
    expect(nina.status).toBe(400);
    expect(nina.text).toContain("is not authorized to perform: iam:ChangePassword");
    await root.attachUserPolicy({
      UserName: "nina",
      PolicyArn: "arn:aws:iam::aws:policy/IAMUserChangePassword",
    });
    await nina.submit("change", { old: "wrong", new: next, again: next });
    expect(nina.text).toContain("The old password was incorrect.");
    await nina.submit("change", { old: password, new: "short", again: "short" });
    expect(nina.text).toContain("minimum length of 8");
    await nina.submit("change", { old: password, new: next, again: `${next}!` });
    expect(nina.text).toContain("not the same");
    await nina.submit("change", { old: password, new: next, again: next });
    expect(nina.status).toBe(200);
    expect(nina.text).toContain("Signed in");
    expect((await signIn("nina", next)).text).toContain("Signed in");
  });

  it("may be changed by all where the account lets users change theirs", async () => {
    await user("olga", true);
    await root.updateAccountPasswordPolicy({ AllowUsersToChangePassword: true, MinimumPasswordLength: 8 });
    const olga = await signIn("olga");
    await olga.submit("change", { old: password, new: next, again: next });
    expect(olga.text).toContain("Signed in");
    await root.deleteAccountPasswordPolicy();
  });

  it("is one that is too old, too; if it may then not be changed, nobody gets in", async () => {
    await user("paul");
    await root.updateAccountPasswordPolicy({ MaxPasswordAge: 30, AllowUsersToChangePassword: true });
    await bench.cloudkeep.clock.advance(31 * 86_400_000);
    expect((await signIn("paul")).text).toContain("You must change your password");
    await root.updateAccountPasswordPolicy({ MaxPasswordAge: 30, HardExpiry: true });
    expect((await signIn("paul")).status).toBe(403);
    await root.deleteAccountPasswordPolicy();
  });
});

describe("the browser's part", () => {
  it("has pages without scripts that no other page may frame, read or keep", async () => {
    const opened = browser();
    await opened.open("?account=%22%3E%3Cscript%3E");
    expect(opened.text).toContain('value="&quot;&gt;&lt;script&gt;"');
    expect(opened.text).not.toContain("<script");
    const headers = opened.headers;
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("same-origin");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.getSetCookie()[0]).toMatch(
      /^cloudkeep-form=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    for (const [, id] of opened.text.matchAll(/<input id="([^"]+)"/g))
      expect(opened.text).toContain(`<label for="${id}">`);
  });

  it.each([
    ["without a token", (tab: Browser) => tab.post({ step: "password", account, user: "x", password: "x" })],
    [
      "with another browser's token",
      async (tab: Browser) => {
        const other = browser();
        await other.open();
        await tab.post({
          step: "password",
          token: other.token("password"),
          account,
          user: "x",
          password: "x",
        });
      },
    ],
    [
      "without its cookie",
      async (tab: Browser) => {
        const token = tab.token("password");
        tab.cookies.clear();
        await tab.post({ step: "password", token, account, user: "x", password: "x" });
      },
    ],
    [
      "from another site",
      (tab: Browser) =>
        tab.submit("password", { account, user: "x", password: "x" }, { "sec-fetch-site": "cross-site" }),
    ],
  ])("a form %s is refused", async (_name, send) => {
    const tab = browser();
    await tab.open();
    await send(tab);
    expect(tab.status).toBe(403);
    expect(tab.text).not.toContain("authentication information");
  });

  it("takes a session's cookie unaltered, until it expires or its user is gone", async () => {
    await user("quinn");
    const quinn = await signIn("quinn");
    const name = "cloudkeep-session";
    const cookie = quinn.cookies.get(name) ?? "";
    expect(quinn.setCookies.find((one) => one.startsWith(name))).toMatch(/HttpOnly; SameSite=Strict/);
    const at = cookie.length - 20;
    quinn.cookies.set(name, `${cookie.slice(0, at)}${cookie[at] === "A" ? "B" : "A"}${cookie.slice(at + 1)}`);
    await quinn.open();
    expect(quinn.text).toContain("Sign in as IAM user");
    expect(quinn.cookies.has(name)).toBe(false);
    quinn.cookies.set(name, cookie);
    await quinn.open();
    expect(quinn.text).toContain("Signed in");
    await bench.cloudkeep.clock.advance(12 * 60 * 60_000);
    await quinn.open();
    expect(quinn.text).toContain("Sign in as IAM user");

    await user("rosa");
    const rosa = await signIn("rosa");
    await root.deleteLoginProfile({ UserName: "rosa" });
    await root.deleteUser({ UserName: "rosa" });
    await rosa.open();
    expect(rosa.text).toContain("Sign in as IAM user");
  });

  it("does not take another kind of session for one that began here", async () => {
    const { sts } = clients(bench.cloudkeep, bench.cloudkeep.credentials);
    const { GetSessionTokenCommand } = await import("@aws-sdk/client-sts");
    const { Credentials } = await sts.send(new GetSessionTokenCommand({}));
    const tab = browser();
    tab.cookies.set("cloudkeep-session", `${Credentials?.AccessKeyId}.${Credentials?.SessionToken}`);
    await tab.open();
    expect(tab.text).toContain("Sign in as IAM user");
  });

  it("keeps cookies that no other host can set, over TLS and HTTP/2", async () => {
    const { key, certificate } = await newCertificate("127.0.0.1");
    const cloudkeep = await start({ store: new MemoryStore(), tls: { cert: certificate, key } });
    const session = connect(`https://127.0.0.1:${cloudkeep.port}`, { ca: certificate });
    const ask = (headers: OutgoingHttpHeaders, body = "") =>
      new Promise<{ headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
        let got: IncomingHttpHeaders = {};
        let text = "";
        const stream = session
          .request({ ":path": "/signin", ...headers }, { endStream: body === "" })
          .on("error", reject);
        stream.on("response", (came) => {
          got = came;
        });
        stream.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        stream.on("end", () => resolve({ headers: got, text }));
        if (body !== "") stream.end(body);
      });
    const page = await ask({});
    expect(page.headers["set-cookie"]).toEqual([
      expect.stringMatching(/^__Host-cloudkeep-form=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/),
    ]);
    const cookie = `${page.headers["set-cookie"]?.[0]?.split(";")[0]}; __Host-cloudkeep-session=none`;
    const token = /name="token" value="([^"]+)"/.exec((await ask({ cookie })).text)?.[1] ?? "";
    expect(token).not.toBe("");
    const type = "application/x-www-form-urlencoded";
    const form = { ":method": "POST", "content-type": type, cookie: cookie.split(";")[0] as string };
    const left = await ask(form, new URLSearchParams({ step: "signOut", token }).toString());
    expect([left.headers[":status"], left.headers["set-cookie"]?.[0]]).toEqual([
      303,
      "__Host-cloudkeep-form=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0",
    ]);
    session.close();
    await cloudkeep.stop();
  });

  it("sends small forms alone", async () => {
    const url = `${bench.cloudkeep.endpoint}/signin`;
    const json = await fetch(url, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    expect(json.status).toBe(415);
    const large = await fetch(url, { method: "POST", body: new URLSearchParams({ a: "a".repeat(2 ** 20) }) });
    expect(large.status).toBe(413);
  });
});

it("reaches EventBridge through a trail, as a sign-in", async () => {
  const events = new EventBridge(optionsOf(bench.cloudkeep, bench.cloudkeep.credentials));
  const { cloudtrail, s3, sqs } = clients(bench.cloudkeep, bench.cloudkeep.credentials);
  const { CreateTrailCommand, StartLoggingCommand } = await import("@aws-sdk/client-cloudtrail");
  const { CreateBucketCommand, PutBucketPolicyCommand } = await import("@aws-sdk/client-s3");
  const { CreateQueueCommand, ReceiveMessageCommand } = await import("@aws-sdk/client-sqs");
  await s3.send(new CreateBucketCommand({ Bucket: "signin-trail" }));
  const Statement = [
    { Effect: "Allow", Principal: { Service: "cloudtrail.amazonaws.com" }, Action: "s3:*", Resource: "*" },
  ].map((one) => ({ ...one, Resource: ["arn:aws:s3:::signin-trail", "arn:aws:s3:::signin-trail/*"] }));
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket: "signin-trail", Policy }));
  await cloudtrail.send(
    new CreateTrailCommand({ Name: "all", S3BucketName: "signin-trail", IsMultiRegionTrail: true }),
  );
  await cloudtrail.send(new StartLoggingCommand({ Name: "all" }));
  const QueueName = "sign-ins";
  const queueArn = `arn:aws:sqs:us-east-1:${account}:${QueueName}`;
  const allowed = { Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: queueArn };
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({
      QueueName,
      Attributes: { Policy: JSON.stringify({ Version: "2012-10-17", Statement: [allowed] }) },
    }),
  );
  const EventPattern = JSON.stringify({ "detail-type": ["AWS Console Sign In via CloudTrail"] });
  await events.putRule({ Name: "sign-ins", EventPattern });
  await events.putTargets({ Rule: "sign-ins", Targets: [{ Id: "queue", Arn: queueArn }] });
  await user("sam");
  await signIn("sam");
  await bench.cloudkeep.clock.advance(0);
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 }));
  expect(JSON.parse(Messages[0]?.Body ?? "{}")).toMatchObject({
    source: "aws.signin",
    "detail-type": "AWS Console Sign In via CloudTrail",
    detail: { eventName: "ConsoleLogin", userIdentity: { userName: "sam" } },
  });
});
