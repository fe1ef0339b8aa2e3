import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { password, region } from "./users.ts";

/** What an app and an administrator ask most, call by call through the SDK: here and, with the same code, of a peer. */

const users = 1_000;
const rounds = 200;

const median = (values: number[]) =>
  [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] as number;

type Row = Record<string, string | number>;

/** A call that the server does not build, or answers otherwise than AWS, is named by what it said. */
async function timed(count: number, work: (i: number) => Promise<unknown>): Promise<string> {
  const times: number[] = [];
  try {
    for (let i = 0; i < count; i += 1) {
      const begun = performance.now();
      await work(i);
      times.push(performance.now() - begun);
    }
  } catch (error) {
    return (error as Error).name;
  }
  return median(times).toFixed(2);
}

export async function measureCalls(
  server: string,
  endpoint: string,
  credentials: { accessKeyId: string; secretAccessKey: string },
): Promise<Row> {
  const idp = new CognitoIdentityProvider({ endpoint, region, credentials, maxAttempts: 1 });
  const { UserPool } = await idp.createUserPool({ PoolName: "calls" });
  const UserPoolId = UserPool?.Id ?? "";
  const { UserPoolClient } = await idp.createUserPoolClient({
    UserPoolId,
    ClientName: "calls",
    ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  });
  const ClientId = UserPoolClient?.ClientId ?? "";
  const email = (i: number) => `${i.toString(36)}-person@example.com`;
  const make = await timed(users, (i) =>
    idp.adminCreateUser({
      UserPoolId,
      Username: `user-${i}`,
      MessageAction: "SUPPRESS",
      UserAttributes: [
        { Name: "email", Value: email(i) },
        { Name: "email_verified", Value: "true" },
      ],
    }),
  );
  const setPassword = await timed(rounds, (i) =>
    idp.adminSetUserPassword({ UserPoolId, Username: `user-${i}`, Password: password, Permanent: true }),
  );
  let AccessToken: string | undefined;
  let REFRESH_TOKEN = "";
  const signIn = await timed(rounds, async (i) => {
    const AuthParameters = { USERNAME: `user-${i}`, PASSWORD: password };
    const answer = await idp.initiateAuth({ AuthFlow: "USER_PASSWORD_AUTH", ClientId, AuthParameters });
    AccessToken = answer.AuthenticationResult?.AccessToken;
    REFRESH_TOKEN = answer.AuthenticationResult?.RefreshToken ?? REFRESH_TOKEN;
  });
  const AuthParameters = { REFRESH_TOKEN };
  return {
    server,
    "AdminCreateUser, ms": make,
    "AdminSetUserPassword, ms": setPassword,
    "sign-in by password, ms": signIn,
    "refresh, ms": await timed(rounds, () =>
      idp.initiateAuth({ AuthFlow: "REFRESH_TOKEN_AUTH", ClientId, AuthParameters }),
    ),
    "GetUser, ms": await timed(rounds, () => idp.getUser({ AccessToken })),
    "AdminGetUser, ms": await timed(rounds, (i) => idp.adminGetUser({ UserPoolId, Username: `user-${i}` })),
    "ListUsers by e-mail, ms": await timed(rounds, (i) =>
      idp.listUsers({ UserPoolId, Filter: `email = "${email((i * 7) % users)}"` }),
    ),
    "ListUsers, ms": await timed(50, () => idp.listUsers({ UserPoolId })),
  };
}
