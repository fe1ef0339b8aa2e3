import { hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { keyedPageOf } from "../../kit/paging.ts";
import { Windows } from "../../kit/windows.ts";
import { sns } from "./contract.ts";
import { tokenPage } from "./pages.ts";
import { isOptedOut } from "./sms.ts";
import { type SandboxNumberRow, sandboxNumbers } from "./tables.ts";

/** Numbers that are verified before text messages go to them. https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html */

const maxNumbers = 10;
const defaultPageSize = 100;
const codeDigits = 6;
const codeLifeMs = 15 * 60_000;
const attemptsPerCode = { max: 5, windowMs: codeLifeMs };
const attempts = new Windows();
/** A number stays so long, whether it was verified or not. */
const heldMs = 24 * 3_600_000;

/** No number is closed to this account: text messages land in the mailbox. https://docs.aws.amazon.com/sns/latest/api/API_GetSMSSandboxAccountStatus.html */
export const getSmsSandboxAccountStatus = sns.operation("GetSMSSandboxAccountStatus", {
  access: () => ({ action: "sns:GetSMSSandboxAccountStatus", resource: "*" }),
  handle: () => ({ IsInSandbox: false }),
});

function key(number: string, ctx: Context): [string, string, string] {
  return [ctx.account, ctx.region, number];
}

function checkNumber(number: string, ctx: Context<"InvalidParameterException">): void {
  if (/^\+\d{8,15}$/.test(number)) return;
  throw ctx.error(
    "InvalidParameterException",
    "Invalid parameter: PhoneNumber Reason: input incorrectly formatted",
  );
}

/** https://docs.aws.amazon.com/sns/latest/api/API_CreateSMSSandboxPhoneNumber.html */
export const createSmsSandboxPhoneNumber = sns.operation("CreateSMSSandboxPhoneNumber", {
  access: () => ({ action: "sns:CreateSMSSandboxPhoneNumber", resource: "*" }),
  async handle({ PhoneNumber }, ctx) {
    checkNumber(PhoneNumber, ctx);
    if (await isOptedOut(PhoneNumber, ctx))
      throw ctx.error(
        "OptedOutException",
        "The specified phone number has opted out of receiving SMS messages.",
      );
    const known = await sandboxNumbers.get(ctx.tx, ...key(PhoneNumber, ctx));
    if (known?.verified) return {};
    const all = await sandboxNumbers.list(ctx.tx, [ctx.account, ctx.region], { limit: maxNumbers });
    if (known === undefined && all.length >= maxNumbers) {
      throw ctx.error(
        "UserErrorException",
        `You have reached the maximum of ${maxNumbers} destination phone numbers in the SMS sandbox.`,
      );
    }
    const code = randomText(codeDigits, "digits");
    const now = ctx.clock.now();
    sandboxNumbers.put(ctx.tx, key(PhoneNumber, ctx), {
      verified: false,
      codeHash: hash("sha256", code),
      codeExpiresAt: now + codeLifeMs,
      changedAt: now,
    });
    const body = `Your verification code is ${code}.`;
    ctx.outbox.put("mail", { channel: "sms", to: PhoneNumber, body });
    return {};
  },
});

async function existing(
  number: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<SandboxNumberRow> {
  const row = await sandboxNumbers.get(ctx.tx, ...key(number, ctx));
  if (row === undefined)
    throw ctx.error("ResourceNotFoundException", "The specified phone number is not in the SMS sandbox.");
  return row;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_VerifySMSSandboxPhoneNumber.html */
export const verifySmsSandboxPhoneNumber = sns.operation("VerifySMSSandboxPhoneNumber", {
  access: () => ({ action: "sns:VerifySMSSandboxPhoneNumber", resource: "*" }),
  async handle({ PhoneNumber, OneTimePassword }, ctx) {
    checkNumber(PhoneNumber, ctx);
    const row = await existing(PhoneNumber, ctx);
    if (row.verified) return {};
    const refused = (message: string) =>
      ctx.error("VerificationException", message, { Status: "UNVERIFIED" });
    if (row.codeExpiresAt < ctx.clock.now()) throw refused("The verification code has expired.");
    if (!attempts.admit([...key(PhoneNumber, ctx), row.codeHash].join("/"), attemptsPerCode, ctx))
      throw refused("Too many wrong verification codes. Request a new one.");
    if (hash("sha256", OneTimePassword) !== row.codeHash) throw refused("The verification code is wrong.");
    const changedAt = ctx.clock.now();
    sandboxNumbers.put(ctx.tx, key(PhoneNumber, ctx), { ...row, verified: true, changedAt });
    return {};
  },
  record: { request: ({ oneTimePassword: _, ...rest }) => rest },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_DeleteSMSSandboxPhoneNumber.html */
export const deleteSmsSandboxPhoneNumber = sns.operation("DeleteSMSSandboxPhoneNumber", {
  access: () => ({ action: "sns:DeleteSMSSandboxPhoneNumber", resource: "*" }),
  async handle({ PhoneNumber }, ctx) {
    checkNumber(PhoneNumber, ctx);
    const row = await existing(PhoneNumber, ctx);
    if (ctx.clock.now() < row.changedAt + heldMs) {
      throw ctx.error(
        "UserErrorException",
        "A phone number can be deleted 24 hours after it was verified, or after a code was last sent to it.",
      );
    }
    sandboxNumbers.delete(ctx.tx, ...key(PhoneNumber, ctx));
    return {};
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_ListSMSSandboxPhoneNumbers.html */
export const listSmsSandboxPhoneNumbers = sns.operation("ListSMSSandboxPhoneNumbers", {
  access: () => ({ action: "sns:ListSMSSandboxPhoneNumbers", resource: "*" }),
  async handle({ NextToken, MaxResults = defaultPageSize }, ctx) {
    const parts = [ctx.account, ctx.region];
    const options = { limit: MaxResults, marker: NextToken };
    const { items, next } = await tokenPage(() => keyedPageOf(sandboxNumbers, ctx.tx, parts, options), ctx);
    return {
      PhoneNumbers: items.map((item) => ({
        PhoneNumber: item.key[2],
        Status: item.row.verified ? ("Verified" as const) : ("Pending" as const),
      })),
      ...(next && { NextToken: next }),
    };
  },
});

/** No carrier gives numbers to Cloudkeep. https://docs.aws.amazon.com/sns/latest/api/API_ListOriginationNumbers.html */
export const listOriginationNumbers = sns.operation("ListOriginationNumbers", {
  access: () => ({ action: "sns:ListOriginationNumbers", resource: "*" }),
  async handle({ NextToken }, ctx) {
    if (NextToken !== undefined) throw ctx.error("InvalidParameterException", "Invalid parameter: NextToken");
    return { PhoneNumbers: [] };
  },
});
