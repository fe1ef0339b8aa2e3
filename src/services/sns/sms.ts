import type { Context } from "../../kit/context.ts";
import { sns } from "./contract.ts";
import { type SmsRow, sms } from "./tables.ts";

/** Text messages: the account's settings, and who has opted out. */

const attributeNames = new Set([
  "MonthlySpendLimit",
  "DeliveryStatusIAMRole",
  "DeliveryStatusSuccessSamplingRate",
  "DefaultSenderID",
  "DefaultSMSType",
  "UsageReportS3Bucket",
]);

async function settings(ctx: Context): Promise<SmsRow> {
  return (await sms.get(ctx.tx, ctx.account, ctx.region)) ?? { attributes: {}, optedOut: [] };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_SetSMSAttributes.html */
export const setSmsAttributes = sns.operation("SetSMSAttributes", {
  access: () => ({ action: "sns:SetSMSAttributes", resource: "*" }),
  async handle({ attributes }, ctx) {
    const invalid = (reason: string) => ctx.error("InvalidParameterException", reason);
    for (const [name, value] of Object.entries(attributes)) {
      if (!attributeNames.has(name)) throw invalid(`${name} is not a valid attribute`);
      if (name === "DefaultSMSType" && !/^(?:Promotional|Transactional)$/.test(value))
        throw invalid("DefaultSMSType is invalid");
      if (name === "DefaultSenderID" && !/^[A-Za-z0-9]{1,11}$/.test(value))
        throw invalid("DefaultSenderID is invalid");
    }
    const row = await settings(ctx);
    const merged = { ...row.attributes, ...(attributes as Record<string, string>) };
    sms.put(ctx.tx, [ctx.account, ctx.region], { ...row, attributes: merged });
    return {};
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_GetSMSAttributes.html */
export const getSmsAttributes = sns.operation("GetSMSAttributes", {
  access: () => ({ action: "sns:GetSMSAttributes", resource: "*" }),
  async handle({ attributes: names }, ctx) {
    const all = (await settings(ctx)).attributes;
    if (names === undefined) return { attributes: all };
    return { attributes: Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name))) };
  },
});

const numberForm = /^\+\d{4,15}$/;

function checkNumber(number: string, ctx: Context<"InvalidParameterException">): void {
  if (numberForm.test(number)) return;
  throw ctx.error(
    "InvalidParameterException",
    "Invalid parameter: PhoneNumber Reason: input incorrectly formatted",
  );
}

export async function isOptedOut(number: string, ctx: Context): Promise<boolean> {
  return (await settings(ctx)).optedOut.includes(number);
}

/** https://docs.aws.amazon.com/sns/latest/api/API_CheckIfPhoneNumberIsOptedOut.html */
export const checkIfPhoneNumberIsOptedOut = sns.operation("CheckIfPhoneNumberIsOptedOut", {
  access: () => ({ action: "sns:CheckIfPhoneNumberIsOptedOut", resource: "*" }),
  async handle({ phoneNumber }, ctx) {
    checkNumber(phoneNumber, ctx);
    return { isOptedOut: await isOptedOut(phoneNumber, ctx) };
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_ListPhoneNumbersOptedOut.html */
export const listPhoneNumbersOptedOut = sns.operation("ListPhoneNumbersOptedOut", {
  access: () => ({ action: "sns:ListPhoneNumbersOptedOut", resource: "*" }),
  handle: async (_, ctx) => ({ phoneNumbers: (await settings(ctx)).optedOut }),
});

/** https://docs.aws.amazon.com/sns/latest/api/API_OptInPhoneNumber.html */
export const optInPhoneNumber = sns.operation("OptInPhoneNumber", {
  access: () => ({ action: "sns:OptInPhoneNumber", resource: "*" }),
  async handle({ phoneNumber }, ctx) {
    checkNumber(phoneNumber, ctx);
    const row = await settings(ctx);
    const optedOut = row.optedOut.filter((number) => number !== phoneNumber);
    sms.put(ctx.tx, [ctx.account, ctx.region], { ...row, optedOut });
    return {};
  },
});
