import type { CreateUserPoolClientCommandInput } from "@aws-sdk/client-cognito-identity-provider";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newPool } from "../testing.ts";

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

type Settings = Partial<CreateUserPoolClientCommandInput>;

const here = "https://app.example.com/back";
const code: Settings = {
  AllowedOAuthFlowsUserPoolClient: true,
  AllowedOAuthFlows: ["code"],
  AllowedOAuthScopes: ["openid"],
  CallbackURLs: [here],
};
const machine: Settings = {
  AllowedOAuthFlowsUserPoolClient: true,
  AllowedOAuthFlows: ["client_credentials"],
  AllowedOAuthScopes: ["https://api.example.com/read"],
  GenerateSecret: true,
};

const refused: [what: string, settings: Settings, code: string, words: string][] = [
  [
    "a scope that no server has",
    { ...machine, AllowedOAuthScopes: ["https://api.example.com/write"] },
    "ScopeDoesNotExistException",
    "Invalid scope requested: https://api.example.com/write",
  ],
  [
    "a scope without a server",
    { ...code, AllowedOAuthScopes: ["Cognito"] },
    "ScopeDoesNotExistException",
    "Invalid scope requested: Cognito",
  ],
  [
    "a provider that is not there",
    { SupportedIdentityProviders: ["COGNITO", "Google"] },
    "InvalidParameterException",
    "The provider Google does not exist for User Pool",
  ],
  [
    "no address for codes",
    { ...code, CallbackURLs: [] },
    "InvalidOAuthFlowException",
    "CallbackUrls can not be empty when code flow or implicit flow is selected",
  ],
  [
    "plain HTTP to another machine",
    { ...code, CallbackURLs: ["http://localhost.example.com/"] },
    "InvalidParameterException",
    "http://localhost.example.com/ cannot use the HTTP protocol.",
  ],
  [
    "a fragment",
    { ...code, CallbackURLs: ["https://app.example.com/#here"] },
    "InvalidParameterException",
    "https://app.example.com/#here cannot contain a fragment.",
  ],
  [
    "a script",
    { ...code, LogoutURLs: ["javascript:alert(1)"] },
    "InvalidParameterException",
    "not a valid URI",
  ],
  ["a path", { ...code, CallbackURLs: ["/back"] }, "InvalidParameterException", "/back is not a valid URI."],
  [
    "a default that is none of the addresses",
    { ...code, DefaultRedirectURI: "https://app.example.com/" },
    "InvalidParameterException",
    "The default redirect URI https://app.example.com/ is not in the callback URIs list.",
  ],
  [
    "a machine without a secret",
    { ...machine, GenerateSecret: false },
    "InvalidOAuthFlowException",
    "client_credentials flow can not be selected if client does not have a client secret.",
  ],
  [
    "a machine that signs users in",
    { ...machine, AllowedOAuthFlows: ["client_credentials", "code"] },
    "InvalidOAuthFlowException",
    "client_credentials flow can not be selected along with code flow or implicit flow.",
  ],
  [
    "a machine with scopes of users",
    { ...machine, AllowedOAuthScopes: ["email"] },
    "InvalidOAuthFlowException",
    "email is not supported with client_credentials flow",
  ],
  [
    "attributes without those that all users have",
    { WriteAttributes: ["name"] },
    "InvalidParameterException",
    "Invalid write attributes specified while creating a client",
  ],
  [
    "half of an analytics configuration",
    { AnalyticsConfiguration: { ApplicationId: "0123456789abcdef0123456789abcdef" } },
    "InvalidParameterException",
    "Invalid analytics configuration given, either <application arn> or <application id, role arn, external id> are valid",
  ],
];

describe("a client's settings", () => {
  const made = async () => {
    const pool = await newPool(cloudkeep, {
      Schema: [{ Name: "email", AttributeDataType: "String", Required: true, Mutable: true }],
    });
    await pool.idp.createResourceServer({
      UserPoolId: pool.UserPoolId,
      Identifier: "https://api.example.com",
      Name: "api",
      Scopes: [{ ScopeName: "read", ScopeDescription: "Reads" }],
    });
    return pool;
  };

  it.each(refused)("may not be %s", async (_, settings, name, words) => {
    const { idp, UserPoolId } = await made();
    const error = await errorOf(idp.createUserPoolClient({ UserPoolId, ClientName: "odd", ...settings }));
    expect([error.name, error.message]).toEqual([name, expect.stringContaining(words)]);
  });

  it("may be apps on telephones and on the user's own machine, and machines", async () => {
    const { idp, UserPoolId, ClientId } = await made();
    const CallbackURLs = [
      "http://localhost:3000/",
      "http://[::1]/x?y",
      "myapp://signed-in",
      "myapp:/in",
      here,
    ];
    const update = (settings: Settings) => idp.updateUserPoolClient({ UserPoolId, ClientId, ...settings });
    const { UserPoolClient } = await update({ ...code, CallbackURLs, DefaultRedirectURI: here });
    expect(UserPoolClient?.CallbackURLs).toEqual(CallbackURLs);
    await idp.createUserPoolClient({ UserPoolId, ClientName: "machine", ...machine });
    expect((await errorOf(update(machine))).message).toContain("does not have a client secret");
    expect((await errorOf(update({ ReadAttributes: ["none"] }))).message).toBe(
      "Invalid read attributes specified while updating a client",
    );
  });
});
