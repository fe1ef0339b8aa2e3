import type { TokenValidityUnitsType } from "@aws-sdk/client-cognito-identity-provider";
import type { Operations } from "../../../../build/contracts/cognito-idp.d.ts";
import type { Context } from "../../../kit/context.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import type { ClientRow, ClientSettings } from "./clientRow.ts";
import { checkOAuth } from "./oauthSettings.ts";

/** What a client can be set to: defaults, and what does not go together. */

export type Given = Partial<
  Operations["CreateUserPoolClient"]["input"] & Operations["UpdateUserPoolClient"]["input"]
>;

const unitSeconds = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 } as const;
const daySeconds = 86_400;

const defaultRefreshDays = 30;
const defaultSessionMinutes = 3;

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html */
const ranges = {
  access: { minSeconds: 300, maxSeconds: daySeconds, defaultSeconds: 3_600 },
  id: { minSeconds: 300, maxSeconds: daySeconds, defaultSeconds: 3_600 },
  refresh: { minSeconds: 3_600, maxSeconds: 3_650 * daySeconds, defaultSeconds: 30 * daySeconds },
} as const;

function secondsOf(
  value: number | undefined,
  unit: keyof typeof unitSeconds,
  { minSeconds, maxSeconds, defaultSeconds }: (typeof ranges)[keyof typeof ranges],
): number {
  // 0 is "not given", as on AWS.
  if (!value) return defaultSeconds;
  const seconds = value * unitSeconds[unit];
  if (seconds < minSeconds || seconds > maxSeconds) throw invalid("Invalid range for token validity.");
  return seconds;
}

/** How long the tokens of a client hold, in seconds. */
export function validityOf(settings: ClientSettings): { access: number; id: number; refresh: number } {
  const units: TokenValidityUnitsType = settings.TokenValidityUnits ?? {};
  return {
    access: secondsOf(settings.AccessTokenValidity, units.AccessToken ?? "hours", ranges.access),
    id: secondsOf(settings.IdTokenValidity, units.IdToken ?? "hours", ranges.id),
    refresh: secondsOf(settings.RefreshTokenValidity, units.RefreshToken ?? "days", ranges.refresh),
  };
}

/** What is asked for, judged. */
export async function clientSettingsOf(
  given: Given,
  { pool, client }: { pool: PoolRow; client?: ClientRow },
  ctx: Context,
): Promise<ClientSettings> {
  const settings: ClientSettings = {
    RefreshTokenValidity: given.RefreshTokenValidity || defaultRefreshDays,
    AccessTokenValidity: given.AccessTokenValidity,
    IdTokenValidity: given.IdTokenValidity,
    TokenValidityUnits: given.TokenValidityUnits ?? {},
    ReadAttributes: given.ReadAttributes,
    WriteAttributes: given.WriteAttributes,
    ExplicitAuthFlows: given.ExplicitAuthFlows ?? [
      "ALLOW_REFRESH_TOKEN_AUTH",
      "ALLOW_USER_SRP_AUTH",
      "ALLOW_CUSTOM_AUTH",
    ],
    SupportedIdentityProviders: given.SupportedIdentityProviders,
    CallbackURLs: given.CallbackURLs,
    LogoutURLs: given.LogoutURLs,
    DefaultRedirectURI: given.DefaultRedirectURI,
    AllowedOAuthFlows: given.AllowedOAuthFlows,
    AllowedOAuthScopes: given.AllowedOAuthScopes,
    AllowedOAuthFlowsUserPoolClient: given.AllowedOAuthFlowsUserPoolClient ?? false,
    AnalyticsConfiguration: given.AnalyticsConfiguration,
    PreventUserExistenceErrors: given.PreventUserExistenceErrors,
    EnableTokenRevocation: given.EnableTokenRevocation ?? true,
    EnablePropagateAdditionalUserContextData: given.EnablePropagateAdditionalUserContextData ?? false,
    AuthSessionValidity: given.AuthSessionValidity ?? defaultSessionMinutes,
    RefreshTokenRotation: given.RefreshTokenRotation,
  };
  checkClient(settings, pool, client === undefined ? "creating" : "updating");
  const hasSecret =
    client === undefined ? (given.GenerateSecret ?? given.ClientSecret) : client.secrets.length > 0;
  await checkOAuth({ pool, settings, hasSecret: Boolean(hasSecret) }, ctx);
  return settings;
}

type Doing = "creating" | "updating";

function checkClient(settings: ClientSettings, pool: PoolRow, doing: Doing): void {
  validityOf(settings);
  const flows = settings.ExplicitAuthFlows ?? [];
  const allowed = flows.filter((flow) => flow.startsWith("ALLOW_"));
  if (allowed.length > 0 && allowed.length < flows.length)
    throw invalid("You cannot combine deprecated and new values of ExplicitAuthFlows.");
  if (settings.RefreshTokenRotation?.Feature === "ENABLED" && flows.includes("ALLOW_REFRESH_TOKEN_AUTH"))
    throw invalid("Refresh token rotation cannot be enabled with ALLOW_REFRESH_TOKEN_AUTH.");
  checkReadable(settings.ReadAttributes, pool, doing);
  checkWritable(settings.WriteAttributes, pool, doing);
  checkAnalytics(settings);
}

function areKnown(names: readonly string[], { schema }: PoolRow): boolean {
  return names.every((name) => schema.some(({ Name }) => Name === name));
}

function checkReadable(names: string[] | undefined, pool: PoolRow, doing: Doing): void {
  if (names !== undefined && !areKnown(names, pool))
    throw invalid(`Invalid read attributes specified while ${doing} a client`);
}

/** A client that writes some attributes must be able to write those that every user has. */
function checkWritable(names: string[] | undefined, pool: PoolRow, doing: Doing): void {
  if (names === undefined || names.length === 0) return;
  const required = pool.schema.filter(({ Required, Name = "" }) => Required && !readOnlyNames.has(Name));
  if (
    !areKnown(names, pool) ||
    names.some((name) => readOnlyNames.has(name)) ||
    required.some(({ Name = "" }) => !names.includes(Name))
  )
    throw invalid(`Invalid write attributes specified while ${doing} a client`);
}

const readOnlyNames = new Set(["sub", "email_verified", "phone_number_verified", "identities"]);

function checkAnalytics({ AnalyticsConfiguration: analytics }: ClientSettings): void {
  if (analytics === undefined) return;
  const { ApplicationArn, ApplicationId, RoleArn, ExternalId } = analytics;
  const byId = [ApplicationId, RoleArn, ExternalId].filter((part) => part !== undefined).length;
  if (ApplicationArn === undefined ? byId !== 3 : ApplicationId !== undefined || ExternalId !== undefined)
    throw invalid(
      "Invalid analytics configuration given, either <application arn> or <application id, role arn, external id> are valid",
    );
}

/** Whether a client takes part in a flow: under its present name, or the one it had before. */
export function allows(settings: ClientSettings, ...flows: string[]): boolean {
  return flows.some((flow) => (settings.ExplicitAuthFlows as string[] | undefined)?.includes(flow));
}
