import type { TokenValidityUnitsType } from "@aws-sdk/client-cognito-identity-provider";
import type { Operations } from "../../../../build/contracts/cognito-idp.d.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import type { ClientSettings } from "./clientRow.ts";

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

export function clientSettingsOf(given: Given, pool: PoolRow): ClientSettings {
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
  checkClient(settings, pool);
  return settings;
}

function checkClient(settings: ClientSettings, pool: PoolRow): void {
  validityOf(settings);
  const flows = settings.ExplicitAuthFlows ?? [];
  const allowed = flows.filter((flow) => flow.startsWith("ALLOW_"));
  if (allowed.length > 0 && allowed.length < flows.length)
    throw invalid("You cannot combine deprecated and new values of ExplicitAuthFlows.");
  if (settings.RefreshTokenRotation?.Feature === "ENABLED" && flows.includes("ALLOW_REFRESH_TOKEN_AUTH"))
    throw invalid("Refresh token rotation cannot be enabled with ALLOW_REFRESH_TOKEN_AUTH.");
  checkNames(settings.ReadAttributes, pool, "read");
  checkNames(settings.WriteAttributes, pool, "write");
  checkOAuth(settings);
}

function checkNames(names: string[] | undefined, { schema }: PoolRow, kind: "read" | "write"): void {
  const known = names?.every((name) => schema.some(({ Name }) => Name === name)) ?? true;
  const mayBeWritten = kind === "read" || !(names ?? []).some((name) => readOnlyNames.has(name));
  if (!known || !mayBeWritten) throw invalid(`Invalid ${kind} attributes specified while creating a client`);
}

const readOnlyNames = new Set(["sub", "email_verified", "phone_number_verified", "identities"]);

function checkOAuth(settings: ClientSettings): void {
  const flows = settings.AllowedOAuthFlows ?? [];
  const { AllowedOAuthScopes: scopes = [], CallbackURLs: urls = [], DefaultRedirectURI } = settings;
  if (settings.AllowedOAuthFlowsUserPoolClient && (flows.length === 0 || scopes.length === 0))
    throw new AwsError(
      "InvalidOAuthFlowException",
      "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
    );
  if (flows.includes("client_credentials") && flows.length > 1)
    throw new AwsError(
      "InvalidOAuthFlowException",
      "client_credentials flow can not be selected along with code flow or implicit flow.",
    );
  if (DefaultRedirectURI !== undefined && !urls.includes(DefaultRedirectURI))
    throw invalid("Default redirect URI must be in the CallbackURLs list.");
}

/** Whether a client takes part in a flow: under its present name, or the one it had before. */
export function allows(settings: ClientSettings, ...flows: string[]): boolean {
  return flows.some((flow) => (settings.ExplicitAuthFlows as string[] | undefined)?.includes(flow));
}
