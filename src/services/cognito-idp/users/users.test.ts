import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import {
  claimsOf,
  codeTo,
  mailsTo,
  newPool,
  newUser,
  password,
  signIn,
  type TestPool,
  tokensOf,
} from "../testing.ts";

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

const attribute = (Name: string, Value: string) => ({ Name, Value });

async function signUp({ idp, ClientId }: TestPool, Username: string, email?: string) {
  const UserAttributes = email === undefined ? [] : [attribute("email", email)];
  return await idp.signUp({ ClientId, Username, Password: password, UserAttributes });
}

async function get({ idp, UserPoolId }: TestPool, Username: string) {
  const { UserAttributes = [], ...user } = await idp.adminGetUser({ UserPoolId, Username });
  return {
    ...user,
    attributes: Object.fromEntries(UserAttributes.map(({ Name = "", Value }) => [Name, Value])),
  };
}

describe("signing up", () => {
  it("is confirmed with the code in the mail", async () => {
    const pool = await newPool(cloudkeep, { AutoVerifiedAttributes: ["email"] });
    const { idp, ClientId } = pool;
    const answer = await signUp(pool, "alice", "alice@signup.example");
    expect(answer).toMatchObject({
      UserConfirmed: false,
      CodeDeliveryDetails: { Destination: "a***@s***", DeliveryMedium: "EMAIL", AttributeName: "email" },
    });
    expect((await errorOf(signIn(pool, "alice"))).name).toBe("UserNotConfirmedException");
    const code = await codeTo(cloudkeep, "alice@signup.example");
    const wrong = await errorOf(
      idp.confirmSignUp({
        ClientId,
        Username: "alice",
        ConfirmationCode: code === "000000" ? "1" : "000000",
      }),
    );
    expect([wrong.name, wrong.message]).toEqual([
      "CodeMismatchException",
      "Invalid verification code provided, please try again.",
    ]);
    await idp.confirmSignUp({ ClientId, Username: "alice", ConfirmationCode: code });
    expect(await get(pool, "alice")).toMatchObject({
      UserStatus: "CONFIRMED",
      attributes: { email_verified: "true", sub: answer.UserSub },
    });
    expect((await signIn(pool, "alice")).AuthenticationResult).toBeDefined();
    const again = await errorOf(idp.confirmSignUp({ ClientId, Username: "alice", ConfirmationCode: code }));
    expect(again.message).toBe("User cannot be confirmed. Current status is CONFIRMED");
    expect((await errorOf(signUp(pool, "alice"))).message).toBe("User already exists");
    expect((await errorOf(idp.resendConfirmationCode({ ClientId, Username: "alice" }))).message).toBe(
      "User is already confirmed.",
    );
  });

  it("holds names, passwords and attributes against the pool", async () => {
    const pool = await newPool(cloudkeep, {
      UsernameAttributes: ["email"],
      Schema: [
        { Name: "given_name", Required: true },
        { Name: "age", AttributeDataType: "Number", NumberAttributeConstraints: { MinValue: "18" } },
      ],
    });
    const { idp, ClientId } = pool;
    const refused = async (Username: string, Password: string, attributes: Record<string, string>) => {
      const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
      return (await errorOf(idp.signUp({ ClientId, Username, Password, UserAttributes }))).message;
    };
    const named = { given_name: "A" };
    expect(await refused("alice", password, named)).toBe("Username should be an email.");
    expect(await refused("a@example.com", password, {})).toBe(
      "Attributes did not conform to the schema: given_name: The attribute is required\n",
    );
    expect(await refused("a@example.com", password, { ...named, "custom:age": "17" })).toContain(
      "custom:age",
    );
    expect(await refused("a@example.com", password, { ...named, "custom:x": "1" })).toContain(
      "does not exist",
    );
    expect(await refused("a@example.com", password, { ...named, email_verified: "true" })).toBe(
      "A client attempted to write unauthorized attribute",
    );
    for (const [weak, why] of [
      ["Short-1", "Password not long enough"],
      ["lower-case-1", "Password must have uppercase characters"],
      ["UPPER-CASE-1", "Password must have lowercase characters"],
      ["No-numbers-here", "Password must have numeric characters"],
      ["NoSymbols1", "Password must have symbol characters"],
    ] as const)
      expect(await refused("a@example.com", weak, named)).toBe(
        `Password did not conform with policy: ${why}`,
      );
    const UserAttributes = [attribute("given_name", "A"), attribute("custom:age", "18")];
    await idp.signUp({ ClientId, Username: "a@example.com", Password: password, UserAttributes });
    expect(await refused("a@example.com", password, named)).toBe(
      "An account with the given email already exists.",
    );
  });

  it("goes on to a first sign-in without a password asked again", async () => {
    const pool = await newPool(cloudkeep, { AutoVerifiedAttributes: ["email"] });
    const { idp, ClientId } = pool;
    const { Session } = await signUp(pool, "bob", "bob@signup.example");
    const ConfirmationCode = await codeTo(cloudkeep, "bob@signup.example");
    const confirmed = await idp.confirmSignUp({ ClientId, Username: "bob", ConfirmationCode, Session });
    const begin = () =>
      idp.initiateAuth({
        AuthFlow: "USER_AUTH",
        ClientId,
        Session: confirmed.Session,
        AuthParameters: { USERNAME: "bob" },
      });
    expect((await begin()).AuthenticationResult?.AccessToken).toBeDefined();
    expect((await errorOf(begin())).message).toBe("Invalid session for the user.");
  });

  it("is for administrators alone where the pool says so", async () => {
    const pool = await newPool(cloudkeep, { AdminCreateUserConfig: { AllowAdminCreateUserOnly: true } });
    expect((await errorOf(signUp(pool, "alice"))).message).toBe("SignUp is not permitted for this user pool");
  });
});

describe("users whom administrators make", () => {
  it("are invited by mail, again if need be", async () => {
    const pool = await newPool(cloudkeep);
    const { idp, UserPoolId } = pool;
    const make = (MessageAction?: "RESEND") =>
      idp.adminCreateUser({
        UserPoolId,
        Username: "carol",
        UserAttributes: [attribute("email", "carol@invited.example")],
        DesiredDeliveryMediums: ["EMAIL"],
        ...(MessageAction && { MessageAction }),
      });
    expect((await make()).User?.UserStatus).toBe("FORCE_CHANGE_PASSWORD");
    await make("RESEND");
    const mails = await mailsTo(cloudkeep, "carol@invited.example");
    expect(mails).toHaveLength(2);
    const temporary = /temporary password is (\S+)\.$/.exec(mails[1]?.Body ?? "")?.[1] ?? "";
    expect((await signIn(pool, "carol", temporary)).ChallengeName).toBe("NEW_PASSWORD_REQUIRED");
    expect((await errorOf(make())).message).toBe("User account already exists");
    await cloudkeep.clock.advance(7 * 86_400_000);
    expect((await errorOf(signIn(pool, "carol", temporary))).message).toBe(
      "Temporary password has expired and must be reset by an administrator.",
    );
  });

  it("are disabled, enabled, changed and deleted", async () => {
    const pool = await newPool(cloudkeep, { AliasAttributes: ["email"] });
    const { idp, UserPoolId } = pool;
    const named = { UserPoolId, Username: "dave" };
    await newUser(pool, "dave", { email: "dave@example.com", email_verified: "true" });
    const { AccessToken } = await tokensOf(pool, "dave@example.com");
    await idp.adminDisableUser(named);
    expect((await errorOf(signIn(pool, "dave"))).message).toBe("User is disabled.");
    expect((await errorOf(idp.getUser({ AccessToken }))).message).toBe("User is disabled.");
    await idp.adminEnableUser(named);
    await idp.adminUpdateUserAttributes({
      ...named,
      UserAttributes: [attribute("email", "d@example.com"), attribute("email_verified", "true")],
    });
    expect((await errorOf(signIn(pool, "dave@example.com"))).name).toBe("UserNotFoundException");
    expect((await signIn(pool, "d@example.com")).AuthenticationResult).toBeDefined();
    await newUser(pool, "other");
    const taken = await errorOf(
      idp.adminUpdateUserAttributes({
        UserPoolId,
        Username: "other",
        UserAttributes: [attribute("email", "d@example.com"), attribute("email_verified", "true")],
      }),
    );
    expect(taken.name).toBe("AliasExistsException");
    await idp.adminDeleteUserAttributes({ ...named, UserAttributeNames: ["email"] });
    expect((await get(pool, "dave")).attributes.email_verified).toBeUndefined();
    await idp.adminDeleteUser(named);
    expect((await errorOf(idp.adminGetUser(named))).message).toBe("User does not exist.");
  });
});

describe("listing", () => {
  it("filters by attributes, whole and by their beginning, a page at a time", async () => {
    const pool = await newPool(cloudkeep);
    const { idp, UserPoolId } = pool;
    for (let i = 0; i < 12; i += 1)
      await idp.adminCreateUser({
        UserPoolId,
        Username: `user-${i}`,
        MessageAction: "SUPPRESS",
        UserAttributes: [
          attribute("email", `person${i}@example.com`),
          attribute("family_name", i < 5 ? "Os" : "Ost"),
        ],
      });
    const names = async (Filter?: string, Limit?: number) => {
      const found: string[] = [];
      let PaginationToken: string | undefined;
      do {
        const page = await idp.listUsers({ UserPoolId, Filter, Limit, PaginationToken });
        found.push(...(page.Users ?? []).map(({ Username = "" }) => Username));
        ({ PaginationToken } = page);
      } while (PaginationToken !== undefined);
      return found.sort();
    };
    expect(await names(undefined, 5)).toHaveLength(12);
    expect(await names('email = "person3@example.com"')).toEqual(["user-3"]);
    expect(await names('email ^= "person1"')).toEqual(["user-1", "user-10", "user-11"]);
    expect(await names('email ^= "person1"', 1)).toEqual(["user-1", "user-10", "user-11"]);
    expect(await names('family_name = "Os"', 2)).toHaveLength(5);
    expect(await names('"family_name" ^= "Os"')).toHaveLength(12);
    expect(await names('username ^= "user-1"')).toHaveLength(3);
    expect(await names('cognito:user_status = "force_change_password"')).toHaveLength(12);
    expect(await names('status = "Disabled"')).toEqual([]);
    await idp.adminDisableUser({ UserPoolId, Username: "user-7" });
    expect(await names('status = "Disabled"')).toEqual(["user-7"]);
    expect((await errorOf(names('address = "x"'))).name).toBe("InvalidParameterException");
    expect((await errorOf(names("email"))).message).toBe("Error while parsing filter.");
    const { UserPool } = await idp.describeUserPool({ UserPoolId });
    expect(UserPool?.EstimatedNumberOfUsers).toBe(12);
  });
});

describe("what users do to themselves", () => {
  it("changes attributes, which are verified by a code", async () => {
    const pool = await newPool(cloudkeep, {
      AutoVerifiedAttributes: ["email"],
      UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ["email"] },
    });
    const { idp } = pool;
    await newUser(pool, "erin", { email: "old@self.example", email_verified: "true", nickname: "e" });
    const { AccessToken } = await tokensOf(pool, "erin");
    const answer = await idp.updateUserAttributes({
      AccessToken,
      UserAttributes: [attribute("email", "new@self.example"), attribute("nickname", "r")],
    });
    expect(answer.CodeDeliveryDetailsList).toHaveLength(1);
    expect((await get(pool, "erin")).attributes).toMatchObject({ email: "old@self.example", nickname: "r" });
    const Code = await codeTo(cloudkeep, "new@self.example");
    await idp.verifyUserAttribute({ AccessToken, AttributeName: "email", Code });
    expect((await get(pool, "erin")).attributes).toMatchObject({
      email: "new@self.example",
      email_verified: "true",
    });
    await idp.deleteUserAttributes({ AccessToken, UserAttributeNames: ["nickname"] });
    expect((await get(pool, "erin")).attributes.nickname).toBeUndefined();
    await idp.deleteUser({ AccessToken });
    expect((await errorOf(idp.getUser({ AccessToken }))).name).toBe("UserNotFoundException");
  });

  it("changes passwords, forgotten or not, but not back to one of the last", async () => {
    const pool = await newPool(cloudkeep, {
      Policies: { PasswordPolicy: { MinimumLength: 8, PasswordHistorySize: 2 } },
    });
    const { idp, ClientId } = pool;
    await newUser(pool, "frank", { email: "frank@self.example", email_verified: "true" });
    const { AccessToken } = await tokensOf(pool, "frank");
    const change = (PreviousPassword: string, ProposedPassword: string) =>
      idp.changePassword({ AccessToken, PreviousPassword, ProposedPassword });
    expect((await errorOf(change("Wrong-password-1", "another-one"))).message).toBe(
      "Incorrect username or password.",
    );
    await change(password, "another-one");
    expect((await errorOf(change("another-one", password))).name).toBe(
      "PasswordHistoryPolicyViolationException",
    );
    const answer = await idp.forgotPassword({ ClientId, Username: "frank" });
    expect(answer.CodeDeliveryDetails?.Destination).toBe("f***@s***");
    const ConfirmationCode = await codeTo(cloudkeep, "frank@self.example");
    await idp.confirmForgotPassword({
      ClientId,
      Username: "frank",
      ConfirmationCode,
      Password: "a-third-one",
    });
    expect((await signIn(pool, "frank", "a-third-one")).AuthenticationResult).toBeDefined();
    const spent = await errorOf(
      idp.confirmForgotPassword({ ClientId, Username: "frank", ConfirmationCode, Password: "a-fourth-one" }),
    );
    expect(spent.name).toBe("ExpiredCodeException");
    const nobody = await errorOf(idp.forgotPassword({ ClientId, Username: "nobody" }));
    expect(nobody.name).toBe("UserNotFoundException");
  });

  it("is forgotten by somebody and by nobody alike, where the client does not tell", async () => {
    const pool = await newPool(cloudkeep, {}, { PreventUserExistenceErrors: "ENABLED" });
    const { idp, ClientId } = pool;
    await newUser(pool, "hugo", { email: "hugo@self.example", email_verified: "true" });
    const asked = (Username: string) => idp.forgotPassword({ ClientId, Username });
    const { CodeDeliveryDetails } = await asked("hugo");
    expect(CodeDeliveryDetails?.Destination).toBe("h***@s***");
    expect((await asked("nobody")).CodeDeliveryDetails?.DeliveryMedium).toBe("EMAIL");
    const ConfirmationCode = await codeTo(cloudkeep, "hugo@self.example");
    await idp.confirmForgotPassword({
      ClientId,
      Username: "hugo",
      ConfirmationCode,
      Password: "Another-one-1",
    });
    expect((await signIn(pool, "hugo", "Another-one-1")).AuthenticationResult).toBeDefined();
    const refusals = async (name: string) => {
      const all: string[] = [];
      for (let i = 0; i < 20; i += 1)
        all.push(
          await asked(name).then(
            () => "sent",
            (error: Error) => error.name,
          ),
        );
      return all;
    };
    const [theirs, nobodys] = [await refusals("hugo"), await refusals("nobody")];
    expect(theirs.at(-1)).toBe("LimitExceededException");
    expect(nobodys).toEqual(theirs);
  });

  it("is reset by an administrator", async () => {
    const pool = await newPool(cloudkeep);
    const { idp, ClientId, UserPoolId } = pool;
    await newUser(pool, "gina", { email: "gina@self.example", email_verified: "true" });
    await idp.adminResetUserPassword({ UserPoolId, Username: "gina" });
    expect((await errorOf(signIn(pool, "gina"))).name).toBe("PasswordResetRequiredException");
    const ConfirmationCode = await codeTo(cloudkeep, "gina@self.example");
    await idp.confirmForgotPassword({ ClientId, Username: "gina", ConfirmationCode, Password: password });
    expect((await signIn(pool, "gina")).AuthenticationResult).toBeDefined();
  });
});

describe("groups", () => {
  it("stand in tokens, the first one's role preferred", async () => {
    const pool = await newPool(cloudkeep);
    const { idp, UserPoolId } = pool;
    await newUser(pool, "alice");
    const roles = [1, 2].map((n) => `arn:aws:iam::${cloudkeep.accountId}:role/role-${n}`);
    await idp.createGroup({ UserPoolId, GroupName: "second", Precedence: 2, RoleArn: roles[1] });
    await idp.createGroup({ UserPoolId, GroupName: "first", Precedence: 1, RoleArn: roles[0] });
    for (const GroupName of ["second", "first"])
      await idp.adminAddUserToGroup({ UserPoolId, GroupName, Username: "alice" });
    const { IdToken, AccessToken } = await tokensOf(pool, "alice");
    expect(claimsOf(IdToken)).toMatchObject({
      "cognito:groups": ["first", "second"],
      "cognito:roles": roles,
      "cognito:preferred_role": roles[0],
    });
    expect(claimsOf(AccessToken)["cognito:groups"]).toEqual(["first", "second"]);
    const { Users = [] } = await idp.listUsersInGroup({ UserPoolId, GroupName: "first" });
    expect(Users.map(({ Username }) => Username)).toEqual(["alice"]);
    expect((await errorOf(idp.createGroup({ UserPoolId, GroupName: "first" }))).message).toBe(
      "A group with the name already exists.",
    );
    await idp.deleteGroup({ UserPoolId, GroupName: "first" });
    const { Groups = [] } = await idp.adminListGroupsForUser({ UserPoolId, Username: "alice" });
    expect(Groups.map(({ GroupName }) => GroupName)).toEqual(["second"]);
    expect((await errorOf(idp.getGroup({ UserPoolId, GroupName: "first" }))).message).toBe(
      "Group not found.",
    );
  });
});
