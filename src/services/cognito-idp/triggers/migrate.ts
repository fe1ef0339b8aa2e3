import { AwsError } from "../../../kit/errors.ts";
import type { SignIn } from "../auth/signIn.ts";
import { checkRequired, checkValues } from "../users/attributes.ts";
import { newSub } from "../users/newUser.ts";
import { passwordRow } from "../users/passwords.ts";
import { addUser } from "../users/put.ts";
import type { UserRow } from "../users/userRow.ts";
import { isRecord, trigger, unrecognizable } from "./invoke.ts";

/** A user who is not there may be known elsewhere: the pool's function knows. https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html */

interface Asked {
  source: "UserMigration_Authentication" | "UserMigration_ForgotPassword";
  password?: string;
}

/** Adds the user that the function knows; undefined where it knows none. */
export async function addMigrated(signIn: SignIn, password: string): Promise<UserRow | undefined> {
  return await migrate(signIn, { source: "UserMigration_Authentication", password });
}

export async function migrate(
  { pool, client, state, clientMetadata, ctx }: Omit<SignIn, "user">,
  { source, password }: Asked,
): Promise<UserRow | undefined> {
  let response: Record<string, unknown> | undefined;
  try {
    response = await trigger(
      {
        pool,
        name: "UserMigration",
        source,
        clientId: client.clientId,
        username: state.name,
        request: {
          password: password ?? null,
          validationData: clientMetadata ?? null,
          clientMetadata: clientMetadata ?? null,
        },
        response: {
          userAttributes: null,
          forceAliasCreation: null,
          finalUserStatus: null,
          messageAction: null,
          desiredDeliveryMediums: null,
        },
      },
      ctx,
    );
  } catch (error) {
    // What the function throws says that it knows nobody of that name and password.
    if (error instanceof AwsError && error.code === "UserLambdaValidationException") return undefined;
    throw error;
  }
  if (!isRecord(response?.userAttributes)) return undefined;
  const given = Object.entries(response.userAttributes).filter(
    ([name]) => name !== "username" && name !== "sub",
  );
  const attributes = Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
  checkValues(pool, attributes);
  checkRequired(pool, attributes);
  const status = response.finalUserStatus ?? "RESET_REQUIRED";
  if (status !== "CONFIRMED" && status !== "RESET_REQUIRED" && status !== "FORCE_CHANGE_PASSWORD")
    throw unrecognizable();
  const now = ctx.clock.now();
  const sub = await newSub(pool, ctx);
  const username = pool.usernameAttributes.length > 0 ? sub : state.name;
  const user: UserRow = {
    username,
    sub,
    enabled: true,
    status,
    createdMs: now,
    modifiedMs: now,
    attributes,
    ...(password !== undefined && { password: passwordRow(pool, username, password, now) }),
    mfa: { enabled: [] },
  };
  const { userKey } = await addUser(pool, user, ctx, { takesAliases: response.forceAliasCreation === true });
  state.userKey = userKey;
  return user;
}
