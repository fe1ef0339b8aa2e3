import type { CodeDeliveryDetailsType } from "@aws-sdk/client-cognito-identity-provider";
import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { logFailure } from "../logging/delivery.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { principal } from "../pools/settings.ts";
import { invalid } from "../refusals.ts";
import { noClient, trigger, triggerAttributes } from "../triggers/invoke.ts";
import type { UserRow } from "../users/userRow.ts";
import { hasOwnSender, sendByFunction } from "./ownSender.ts";
import { filled, type Purpose, type Words, wordsOf } from "./templates.ts";

/** Messages to users: e-mails into the local mailbox, text messages through SNS under the pool's role. */

const defaultSender = "no-reply@verificationemail.com";
/** Once for all text messages of a pool: sessions of the role are used again. */
const sessionName = "CognitoIdpSms";

export interface Message {
  pool: PoolRow;
  user: UserRow;
  /** "CustomMessage_SignUp" */
  source: string;
  purpose: Purpose;
  attribute: "email" | "phone_number";
  code: string;
  clientId?: string | undefined;
  clientMetadata?: Record<string, string> | undefined;
  /** Where it goes, if not to what the user's attribute is. */
  to?: string;
  link?: string;
}

/** Sends a message, and tells where it went to as far as the recipient should learn. */
export async function send(message: Message, ctx: Context): Promise<CodeDeliveryDetailsType> {
  const { attribute, user } = message;
  const to = message.to ?? user.attributes[attribute];
  if (!to) throw invalid(`User has no ${attribute}.`);
  const words = hasOwnSender(message.pool, attribute) ? undefined : await ownWords(message, ctx);
  try {
    if (words === undefined) await sendByFunction(message, to, ctx);
    else await sendTo(message, to, words, ctx);
  } catch (error) {
    if (error instanceof AwsError) logFailure(message.pool, error, ctx);
    throw error;
  }
  return deliveryOf(attribute, to);
}

async function sendTo(
  { pool, attribute, user, code, link }: Message,
  to: string,
  words: Words,
  ctx: Context,
): Promise<void> {
  const text = (template: string) => filled(template, code, user.username, link);
  if (attribute === "email")
    await mail(pool, to, filled(words.subject, "", user.username), text(words.email), ctx);
  else await sms(pool, to, text(words.sms), ctx);
}

export function deliveryOf(attribute: "email" | "phone_number", to: string): CodeDeliveryDetailsType {
  return {
    Destination: masked(attribute, to),
    DeliveryMedium: attribute === "email" ? "EMAIL" : "SMS",
    AttributeName: attribute,
  };
}

export function masked(attribute: string, to: string): string {
  if (attribute !== "email") return `+${"*".repeat(Math.max(0, to.length - 5))}${to.slice(-4)}`;
  const [name = "", domain = ""] = to.split("@");
  return `${name.slice(0, 1)}***@${domain.slice(0, 1)}***`;
}

/** The words of the pool, or those that its function puts into their place. */
async function ownWords(message: Message, ctx: Context): Promise<Words> {
  const { pool, user, purpose, source, clientId = noClient, clientMetadata } = message;
  const words = wordsOf(pool, purpose);
  const own = await trigger(
    {
      pool,
      name: "CustomMessage",
      source,
      clientId,
      username: user.username,
      request: {
        userAttributes: triggerAttributes(user),
        codeParameter: "{####}",
        linkParameter: "{##Click Here##}",
        usernameParameter: purpose === "invite" ? "{username}" : null,
        ...(clientMetadata && { clientMetadata }),
      },
      response: { smsMessage: null, emailMessage: null, emailSubject: null },
    },
    ctx,
  );
  const said = (value: unknown, otherwise: string) =>
    typeof value === "string" && value !== "" ? value : otherwise;
  return {
    subject: said(own?.emailSubject, words.subject),
    email: said(own?.emailMessage, words.email),
    sms: said(own?.smsMessage, words.sms),
  };
}

async function mail(pool: PoolRow, To: string, Subject: string, Body: string, ctx: Context): Promise<void> {
  const { EmailConfiguration = {} } = pool.settings;
  const From =
    EmailConfiguration.From ?? EmailConfiguration.SourceArn?.split("identity/")[1] ?? defaultSender;
  const input = { Channel: "email", To, From, Subject, Body };
  await ctx.call("cloudkeep", "DeliverMail", input, { as: servicePrincipal(principal) });
}

async function sms(pool: PoolRow, PhoneNumber: string, Text: string, ctx: Context): Promise<void> {
  const { SnsCallerArn, ExternalId, SnsRegion } = pool.settings.SmsConfiguration ?? {};
  if (SnsCallerArn === undefined) throw invalid("SMS configuration is required to send text messages.");
  const by = servicePrincipal(principal, { sourceArn: pool.arn, sourceAccount: pool.account });
  const role = await taken(() => ctx.assumeRole(SnsCallerArn, by, sessionName, ExternalId));
  try {
    const input = { PhoneNumber, Message: Text };
    await ctx.call("sns", "Publish", input, { as: role, region: SnsRegion ?? pool.region });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError(
      "InvalidSmsRoleAccessPolicyException",
      "Role does not have permission to publish with SNS",
    );
  }
}

async function taken<T>(assume: () => Promise<T>): Promise<T> {
  try {
    return await assume();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError(
      "InvalidSmsRoleTrustRelationshipException",
      "Role does not have a trust relationship allowing Cognito to assume the role",
    );
  }
}
