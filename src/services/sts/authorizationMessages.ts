import type { Transaction } from "../../storage/store.ts";
import { sts } from "./contract.ts";
import { authorizationMessage, open, seal } from "./sealed.ts";

/**
 * Why a call was denied, sealed so that only those who may decode it can read it. Some services (EC2) put it at
 * the end of a denial.
 */
export function encodeAuthorizationMessage(details: object, tx: Transaction): Promise<string> {
  return seal(authorizationMessage, JSON.stringify(details), tx);
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html */
export const decodeAuthorizationMessage = sts.operation("DecodeAuthorizationMessage", {
  access: () => ({ action: "sts:DecodeAuthorizationMessage", resource: "*" }),
  async handle({ EncodedMessage }, ctx) {
    const DecodedMessage = await open(authorizationMessage, EncodedMessage, ctx.tx);
    if (DecodedMessage === undefined) {
      throw ctx.error("InvalidAuthorizationMessageException", "Message is not valid");
    }
    return { DecodedMessage };
  },
});
