import { invalid, notAuthorized } from "../refusals.ts";
import { checkCompromised } from "../risk/compromised.ts";
import { checkRequired, checkValues, checkWritable } from "../users/attributes.ts";
import { isExpired, withPassword } from "../users/passwords.ts";
import { putUser } from "../users/put.ts";
import { type SignIn, theUser } from "./signIn.ts";

/** A user whose password an administrator has set chooses its own. */

const prefix = "userAttributes.";

export async function setNewPassword(signIn: SignIn, responses: Record<string, string>): Promise<SignIn> {
  const { pool, client, state, ctx } = signIn;
  const user = theUser(signIn);
  const { NEW_PASSWORD } = responses;
  if (NEW_PASSWORD === undefined) throw invalid("Missing required parameter NEW_PASSWORD");
  if (user.status !== "FORCE_CHANGE_PASSWORD") throw notAuthorized("Invalid session for the user.");
  if (user.password !== undefined && isExpired(pool, user.password, ctx.clock.now()))
    throw notAuthorized("Temporary password has expired and must be reset by an administrator.");
  await checkCompromised(pool, client.clientId, NEW_PASSWORD, "PASSWORD_CHANGE", ctx);
  const given = Object.fromEntries(
    Object.entries(responses)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
  checkGiven(given, user.attributes);
  checkWritable(client, Object.keys(given));
  checkValues(pool, given);
  const attributes = { ...user.attributes, ...given };
  checkRequired(pool, attributes);
  const changed = {
    ...withPassword(pool, user, NEW_PASSWORD, ctx),
    attributes,
    status: "CONFIRMED" as const,
    modifiedMs: ctx.clock.now(),
  };
  await putUser(pool, { userKey: state.userKey, user }, changed, ctx);
  return { ...signIn, user: changed, state: { ...state, source: "NewPasswordChallenge" } };
}

/** Addresses that an administrator has given stay as they are, verified or not. */
function checkGiven(given: Record<string, string>, attributes: Readonly<Record<string, string>>): void {
  for (const name of ["email", "phone_number"]) {
    if (given[name] !== undefined && attributes[name] !== undefined && given[name] !== attributes[name])
      throw notAuthorized(`Cannot modify an already provided ${name}`);
  }
}
