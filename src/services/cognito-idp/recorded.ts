/**
 * What the record shows of calls: AWS hides what is personal or secret, also where its model does not call it so, and
 * shows the client. https://docs.aws.amazon.com/cognito/latest/developerguide/understanding-amazon-cognito-entries.html
 */

export const hiddenWords = "HIDDEN_DUE_TO_SECURITY_REASONS";

type Recorded = Record<string, unknown>;

/** Hides members of the request, and shows the client. */
export function hidden(...names: string[]) {
  return (recorded: Recorded, input: object): Recorded => ({
    ...recorded,
    ...("ClientId" in input && input.ClientId !== undefined && { clientId: input.ClientId }),
    ...Object.fromEntries(names.filter((name) => name in recorded).map((name) => [name, hiddenWords])),
  });
}

/** Hides members of the answer. */
export function hiding(...names: string[]) {
  return (recorded: Recorded): Recorded => ({
    ...recorded,
    ...Object.fromEntries(names.filter((name) => name in recorded).map((name) => [name, hiddenWords])),
  });
}

/** Answers of a sign-in. */
export const hiddenAnswer = hiding("challengeParameters", "session");

/** Where messages went to. */
export const hiddenDelivery = hiding("codeDeliveryDetails", "codeDeliveryDetailsList", "userSub", "session");
