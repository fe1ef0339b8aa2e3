import type { Context } from "../../../kit/context.ts";
import { clientAndPool, existingClient, type PoolAndClient } from "../clients/find.ts";
import { checkSecretHash } from "../clients/secretHash.ts";
import { allows } from "../clients/settings.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { hidden, hiddenAnswer } from "../recorded.ts";
import { invalid } from "../refusals.ts";
import { checkAddress } from "../risk/notices.ts";
import { hasTrigger, trigger, triggerAttributes } from "../triggers/invoke.ts";
import { beginChoice, continueSignUp } from "./choice.ts";
import { customStep } from "./custom.ts";
import { goOn, withProof } from "./next.ts";
import { provePassword } from "./passwordStep.ts";
import { refresh } from "./refresh.ts";
import { type AuthAnswer, beginSignIn, idForSrp, type SignIn, tells, theUser } from "./signIn.ts";
import { srpParameters } from "./srpStep.ts";

/** How a user begins to sign in. */

interface Asked {
  flow: string;
  parameters: Record<string, string>;
  clientMetadata: Record<string, string> | undefined;
  session: string | undefined;
}

type Begin = (signIn: SignIn, asked: Asked) => Promise<AuthAnswer>;

interface Flow {
  /** What a client must be allowed, under its names. */
  allowed: string[];
  refusal: string;
  begin: Begin;
}

const password: Begin = async (signIn, { parameters }) => {
  const known = hasTrigger(signIn.pool, "UserMigration") ? signIn : toldOf(signIn);
  return await goOn(withProof(await provePassword(known, parameters.PASSWORD), "PASSWORD"));
};

const srp: Begin = async (signIn, { parameters }) => ({
  ChallengeName: "PASSWORD_VERIFIER",
  ChallengeParameters: await srpParameters(toldOf(signIn), parameters.SRP_A),
});

const custom: Begin = async (signIn, { parameters }) => {
  if (!hasTrigger(signIn.pool, "DefineAuthChallenge"))
    throw invalid("Custom auth lambda trigger is not configured for the user pool.");
  const known = toldOf(signIn);
  if (parameters.CHALLENGE_NAME !== "SRP_A") return await customStep(known);
  const past = [{ challengeName: "SRP_A", challengeResult: true }];
  return await customStep({ ...known, state: { ...known.state, past } }, parameters.SRP_A);
};

const choice: Begin = async (signIn, { parameters, session }) =>
  session === undefined ? await beginChoice(signIn, parameters) : await continueSignUp(signIn, session);

const userFlows: Record<string, Flow> = {
  USER_PASSWORD_AUTH: {
    allowed: ["ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"],
    refusal: "USER_PASSWORD_AUTH flow not enabled for this client",
    begin: password,
  },
  USER_SRP_AUTH: {
    allowed: ["ALLOW_USER_SRP_AUTH"],
    refusal: "USER_SRP_AUTH is not enabled for the client.",
    begin: srp,
  },
  CUSTOM_AUTH: {
    allowed: ["ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"],
    refusal: "CUSTOM_AUTH is not enabled for the client.",
    begin: custom,
  },
  USER_AUTH: {
    allowed: ["ALLOW_USER_AUTH"],
    refusal: "USER_AUTH flow not enabled for this client",
    begin: choice,
  },
};

const adminPassword: Flow = {
  allowed: ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"],
  refusal: "Auth flow not enabled for this client",
  begin: password,
};
const { USER_PASSWORD_AUTH: _, ...others } = userFlows;
const adminFlows: Record<string, Flow> = {
  ...others,
  ADMIN_USER_PASSWORD_AUTH: adminPassword,
  ADMIN_NO_SRP_AUTH: adminPassword,
};

/** Where the client tells who is there, it tells so at once. */
function toldOf(signIn: SignIn): SignIn {
  if (tells(signIn.client)) theUser(signIn);
  return signIn;
}

function isAllowed({ client }: PoolAndClient, { allowed }: Flow): boolean {
  if (allows(client.settings, ...allowed)) return true;
  // A client of the old names signs in by SRP without a name for it, unless it is for custom challenges only.
  const isOld = !client.settings.ExplicitAuthFlows?.some((flow) => flow.startsWith("ALLOW_"));
  return (
    isOld && allowed.includes("ALLOW_USER_SRP_AUTH") && !allows(client.settings, "CUSTOM_AUTH_FLOW_ONLY")
  );
}

async function initiate(
  named: PoolAndClient,
  flows: Record<string, Flow>,
  asked: Asked,
  ctx: Context,
): Promise<AuthAnswer> {
  const { parameters } = asked;
  if (asked.flow === "REFRESH_TOKEN_AUTH" || asked.flow === "REFRESH_TOKEN")
    return await refresh(named, parameters, asked.clientMetadata, ctx);
  const flow = Object.hasOwn(flows, asked.flow) ? flows[asked.flow] : undefined;
  if (flow === undefined) throw invalid("Initiate Auth method not supported.");
  if (!isAllowed(named, flow)) throw invalid(flow.refusal);
  const { USERNAME } = parameters;
  if (USERNAME === undefined || USERNAME === "") throw invalid("Missing required parameter USERNAME");
  checkSecretHash(named.client, USERNAME, parameters.SECRET_HASH);
  await checkAddress(named.pool, named.client.clientId, USERNAME, ctx);
  const signIn = await beginSignIn(named, USERNAME, asked.flow, asked.clientMetadata, ctx);
  if (parameters.DEVICE_KEY !== undefined) signIn.state.deviceKey = parameters.DEVICE_KEY;
  await preAuthentication(signIn);
  return await flow.begin(signIn, asked);
}

export async function preAuthentication(signIn: SignIn): Promise<void> {
  const { pool, client, user, clientMetadata, ctx } = signIn;
  if (!hasTrigger(pool, "PreAuthentication")) return;
  await trigger(
    {
      pool,
      name: "PreAuthentication",
      source: "PreAuthentication_Authentication",
      clientId: client.clientId,
      username: await idForSrp(signIn),
      request: {
        userAttributes: user === undefined ? {} : triggerAttributes(user),
        validationData: clientMetadata ?? null,
        ...(user === undefined && { userNotFound: true }),
      },
      response: {},
    },
    ctx,
  );
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html */
export const initiateAuth = idp.operation("InitiateAuth", {
  access: { noPermissionNeeded: "Who signs in proves itself by what it knows; AWS takes the call unsigned." },
  async handle({ AuthFlow, ClientId, AuthParameters = {}, ClientMetadata, Session }, ctx) {
    const named = await clientAndPool(ClientId, ctx as Context);
    const asked = {
      flow: AuthFlow,
      parameters: AuthParameters,
      clientMetadata: ClientMetadata,
      session: Session,
    };
    return await initiate(named, userFlows, asked, ctx as Context);
  },
  record: { request: hidden("authParameters"), response: hiddenAnswer },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html */
export const adminInitiateAuth = idp.operation("AdminInitiateAuth", {
  access: onPool("AdminInitiateAuth"),
  async handle({ UserPoolId, ClientId, AuthFlow, AuthParameters = {}, ClientMetadata, Session }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const client = await existingClient(UserPoolId, ClientId, ctx);
    const asked = {
      flow: AuthFlow,
      parameters: AuthParameters,
      clientMetadata: ClientMetadata,
      session: Session,
    };
    return await initiate({ pool, client }, adminFlows, asked, ctx as Context);
  },
  record: { request: hidden("authParameters"), response: hiddenAnswer },
});
