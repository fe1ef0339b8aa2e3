import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { parseArn } from "../../../kit/targets.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { principal } from "../pools/settings.ts";
import { shownAttributes } from "../users/attributes.ts";
import type { UserRow } from "../users/userRow.ts";

/**
 * Functions that a pool asks: they change what happens, or refuse it. Each call runs one as often as it is made again
 * for waiting, and gets the answer of the first time: the event must be the same in every run.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
 */

export type TriggerName =
  | "PreSignUp"
  | "PostConfirmation"
  | "PreAuthentication"
  | "PostAuthentication"
  | "PreTokenGeneration"
  | "DefineAuthChallenge"
  | "CreateAuthChallenge"
  | "VerifyAuthChallengeResponse"
  | "UserMigration"
  | "CustomMessage";

export interface TriggerCall {
  pool: PoolRow;
  name: TriggerName;
  /** "PreSignUp_SignUp" */
  source: string;
  /** Left out, "1". */
  version?: string;
  clientId: string;
  username: string;
  request: Record<string, unknown>;
  /** What the function finds, and may change. */
  response: Record<string, unknown>;
}

/** The client that events of administrators name, as on AWS. */
export const noClient = "CLIENT_ID_NOT_APPLICABLE";

/** The attributes of a user as triggers see them. */
export function triggerAttributes(user: UserRow): Record<string, string> {
  return { ...Object.fromEntries(shownAttributes(user)), "cognito:user_status": user.status };
}

export function hasTrigger({ settings }: PoolRow, name: TriggerName): boolean {
  return settings.LambdaConfig?.[name] !== undefined;
}

/** The response of the pool's function; undefined where it has none for this. */
export async function trigger(call: TriggerCall, ctx: Context): Promise<Record<string, unknown> | undefined> {
  const { pool, name } = call;
  const arn = pool.settings.LambdaConfig?.[name];
  if (arn === undefined) return undefined;
  const event = { ...eventOf(call), response: call.response };
  const { Payload, FunctionError } = await invoke({ arn, name, event, pool, type: "RequestResponse" }, ctx);
  return responseOf(name, Payload?.toString() ?? "", FunctionError);
}

/** What all events of triggers have. */
export function eventOf(call: Omit<TriggerCall, "name" | "response">) {
  return {
    version: call.version ?? "1",
    region: call.pool.region,
    userPoolId: call.pool.poolId,
    userName: call.username,
    callerContext: { awsSdkVersion: "aws-sdk-unknown-unknown", clientId: call.clientId },
    triggerSource: call.source,
    request: call.request,
  };
}

interface Invocation {
  arn: string;
  name: string;
  event: object;
  pool: PoolRow;
  /** "Event": it is not waited for. */
  type: "RequestResponse" | "Event";
}

export async function invoke(
  { arn, name, event, pool, type }: Invocation,
  ctx: Context,
): Promise<{ Payload?: Buffer; FunctionError?: string }> {
  const as = servicePrincipal(principal, { sourceArn: pool.arn, sourceAccount: pool.account });
  const { account, region } = parseArn(arn) ?? { account: pool.account, region: pool.region };
  const input = {
    FunctionName: arn,
    InvocationType: type,
    Payload: Buffer.from(JSON.stringify(event)),
  };
  try {
    return await ctx.call("lambda", "Invoke", input, { as, account, region });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError("UnexpectedLambdaException", `${name} invocation failed due to error ${error.code}.`);
  }
}

function responseOf(
  name: TriggerName,
  text: string,
  functionError: string | undefined,
): Record<string, unknown> {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  if (functionError !== undefined) {
    const { errorMessage } = (answer ?? {}) as { errorMessage?: unknown };
    throw new AwsError("UserLambdaValidationException", `${name} failed with error ${String(errorMessage)}.`);
  }
  const response = isRecord(answer) ? answer.response : undefined;
  if (!isRecord(response)) throw unrecognizable();
  return response;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function unrecognizable(): AwsError {
  return new AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output");
}
