import type { Caller, Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { Assertions, RoleFacts } from "../../kit/ports.ts";
import type { Access } from "../../kit/service.ts";
import type { Assertion } from "./assertion.ts";
import { sts } from "./contract.ts";
import { provenOnce } from "./provenOnce.ts";
import { roleCaller, roleSeconds, sessionPolicies } from "./sessions.ts";
import { usedAssertions } from "./tables.ts";
import { issue } from "./tokens.ts";
import { checkArn, trustsNobody } from "./trust.ts";

/** Roles for those whom a SAML provider vouches for. The call itself is unsigned. */

const sessionNameForm = /^[\w+=,.@-]{2,64}$/;
/** Spent assertions that one call clears away. */
const sweepRows = 50;

type Errors = "InvalidIdentityTokenException" | "ExpiredTokenException" | "IDPRejectedClaimException";

interface Input {
  RoleArn: string;
  PrincipalArn: string;
  SAMLAssertion: string;
}

interface Identity {
  assertion: Assertion;
  sessionName: string;
  caller: Caller;
  tags: Pick<Session, "tags" | "transitiveTagKeys">;
  sourceIdentity?: string;
  nameQualifier: string;
}

const identityOf = provenOnce(prove);

/** What identity pools ask, which take an assertion for a login: there it may be shown again. */
export const assertions: Assertions = {
  async read(response, provider, nowMs) {
    const { BadAssertion, readAssertion } = await import("./assertion.ts");
    try {
      const { subject, attributes } = await readAssertion(response, provider, nowMs);
      return { subject, attributes };
    } catch (error) {
      if (error instanceof BadAssertion) return { problem: error.message };
      throw error;
    }
  },
};

async function prove(
  { RoleArn, PrincipalArn, SAMLAssertion }: Input,
  ctx: Context<Errors>,
): Promise<Identity> {
  const invalid = (why: string) => ctx.error("InvalidIdentityTokenException", why);
  const account = PrincipalArn.split(":")[4] ?? "";
  const provider = await ctx.directory.findProvider(PrincipalArn, ctx.tx);
  if (provider?.saml === undefined || RoleArn.split(":")[4] !== account) {
    throw invalid("Specified provider doesn't exist");
  }
  // Loaded here: few calls need its libraries, and every start would pay for them.
  const { BadAssertion, nameQualifierOf, readAssertion } = await import("./assertion.ts");
  let assertion: Assertion;
  try {
    assertion = await readAssertion(SAMLAssertion, provider.saml, ctx.clock.now());
  } catch (error) {
    if (!(error instanceof BadAssertion)) throw error;
    throw error.expired ? ctx.error("ExpiredTokenException", error.message) : invalid(error.message);
  }
  const { attributes } = assertion;
  const pairs = (attributes.Role ?? []).map((pair) => pair.split(",").map((part) => part.trim()));
  if (!pairs.some((pair) => pair.length === 2 && pair.includes(RoleArn) && pair.includes(PrincipalArn))) {
    throw invalid("The SAML response does not name the role and the provider together.");
  }
  const [sessionName = ""] = attributes.RoleSessionName ?? [];
  if (!sessionNameForm.test(sessionName)) {
    throw invalid(
      "RoleSessionName is required in AuthnResponse (Service: AWSSecurityTokenService; Status Code: 400; Error Code: InvalidIdentityToken)",
    );
  }
  const nameQualifier = nameQualifierOf(
    assertion.issuer,
    account,
    PrincipalArn.slice(PrincipalArn.lastIndexOf("/") + 1),
  );
  const [sourceIdentity] = attributes.SourceIdentity ?? [];
  return {
    assertion,
    sessionName,
    nameQualifier,
    caller: federatedCaller(PrincipalArn, account, assertion, nameQualifier, ctx),
    tags: tagsOf(attributes),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
  };
}

function tagsOf(attributes: Record<string, string[]>): Pick<Session, "tags" | "transitiveTagKeys"> {
  const tags: Record<string, string> = {};
  for (const [name, [value]] of Object.entries(attributes)) {
    if (name.startsWith("PrincipalTag:") && value !== undefined)
      tags[name.slice("PrincipalTag:".length)] = value;
  }
  const transitiveTagKeys = (attributes.TransitiveTagKeys ?? []).filter((key) => key in tags);
  return {
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(transitiveTagKeys.length > 0 && { transitiveTagKeys }),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-saml */
function federatedCaller(
  arn: string,
  account: string,
  { recipient, issuer, subject, subjectType }: Assertion,
  nameQualifier: string,
  ctx: Context,
): Caller {
  const now = ctx.clock.now();
  const federatedContext = {
    "saml:aud": recipient,
    "saml:iss": issuer,
    "saml:sub": subject,
    "saml:sub_type": subjectType,
    "saml:namequalifier": nameQualifier,
    "saml:doc": `${account}/${arn.slice(arn.lastIndexOf("/") + 1)}`,
  };
  return {
    principal: { kind: "saml", account: "", arn, service: arn, userId: `${nameQualifier}:${subject}` },
    userName: subject,
    session: { by: "AssumeRoleWithSAML", issuedAt: now, expiresAt: now, provider: arn, federatedContext },
  };
}

/** The role must trust the provider with each thing that the call does. */
async function access(input: Input, ctx: Context<Errors>): Promise<Access[]> {
  checkArn(input.RoleArn, ctx);
  const { caller, sessionName, tags, sourceIdentity } = await identityOf(input, ctx);
  const role = await ctx.directory.findRole(input.RoleArn, ctx.tx);
  const wanted: Access = {
    action: "sts:AssumeRoleWithSAML",
    resource: input.RoleArn,
    resourcePolicy: { name: input.RoleArn, document: role?.trustPolicy ?? trustsNobody, kind: "trust" },
    resourceType: "AWS::IAM::Role",
    as: caller,
    context: { "sts:RoleSessionName": sessionName, "sts:SourceIdentity": sourceIdentity },
    requestTags: Object.entries(tags.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    ...(role && { resourceTags: role.tags }),
  };
  return [
    wanted,
    ...(tags.tags === undefined ? [] : [{ ...wanted, action: "sts:TagSession" }]),
    ...(sourceIdentity === undefined ? [] : [{ ...wanted, action: "sts:SetSourceIdentity" }]),
  ];
}

/** An assertion counts once. */
async function spend({ id, expires }: Assertion, provider: string, ctx: Context<Errors>): Promise<void> {
  const now = ctx.clock.now();
  for (const { key, row } of await usedAssertions.list(ctx.tx, [provider], { limit: sweepRows })) {
    if (row.expires <= now) usedAssertions.delete(ctx.tx, ...key);
  }
  if ((await usedAssertions.get(ctx.tx, provider, id)) !== undefined) {
    throw ctx.error("InvalidIdentityTokenException", "The SAML response was used before.");
  }
  usedAssertions.put(ctx.tx, [provider, id], { expires });
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html */
export const assumeRoleWithSAML = sts.operation("AssumeRoleWithSAML", {
  access,
  async handle(input, ctx) {
    const {
      assertion,
      sessionName,
      tags,
      sourceIdentity,
      caller: federated,
      nameQualifier,
    } = await identityOf(input, ctx);
    await spend(assertion, input.PrincipalArn, ctx);
    const role = (await ctx.directory.findRole(input.RoleArn, ctx.tx)) as RoleFacts;
    const issuedAt = ctx.clock.now();
    const seconds = roleSeconds(input.DurationSeconds ?? assertion.sessionSeconds, role, ctx);
    const expiresAt = Math.min(
      issuedAt + seconds * 1000,
      assertion.sessionExpires ?? Number.POSITIVE_INFINITY,
    );
    const { packedPercent, ...policies } = await sessionPolicies(input, ctx);
    const caller = roleCaller(role, sessionName, {
      by: "AssumeRoleWithSAML",
      issuedAt,
      expiresAt,
      provider: input.PrincipalArn,
      ...(federated.session?.federatedContext && { federatedContext: federated.session.federatedContext }),
      ...(sourceIdentity !== undefined && { sourceIdentity }),
      ...policies,
      ...tags,
    });
    return {
      Credentials: await issue(caller, ctx.tx),
      AssumedRoleUser: { AssumedRoleId: caller.principal.userId, Arn: caller.principal.arn },
      Subject: assertion.subject,
      SubjectType: assertion.subjectType,
      Issuer: assertion.issuer,
      Audience: assertion.recipient,
      NameQualifier: nameQualifier,
      ...(packedPercent !== undefined && { PackedPolicySize: packedPercent }),
      ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
    };
  },
});
