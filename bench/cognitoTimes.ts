import { randomBytes, randomInt } from "node:crypto";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { removeData, startCloudkeepProcess } from "./processes.ts";
import { ask, big, power, timestamp } from "./srp.ts";

/**
 * Whether the time of an answer tells that a user is not there: a wrong password of one who is, against one who is not,
 * in an order of chance, in a pool that does not tell. Not a test: machines are too busy for one.
 */

const region = "us-east-1";
const tries = Number(process.env.BENCH_TRIES ?? 1_500);
const triesPerUser = 3;
const users = Math.ceil(tries / triesPerUser);
const warmUp = 200;

/** ms of each try of a way to ask. */
type Way = (name: string) => Promise<number[]>;

function waysOf(url: string, ClientId: string): [names: string[], way: Way][] {
  const A = power(2n, big(randomBytes(32))).toString(16);
  return [
    [
      ["SRP, first step", "SRP, second step"],
      async (USERNAME) => {
        const AuthParameters = { USERNAME, SRP_A: A };
        const first = await ask(url, "InitiateAuth", { AuthFlow: "USER_SRP_AUTH", ClientId, AuthParameters });
        const { SECRET_BLOCK, USER_ID_FOR_SRP } = first.body.ChallengeParameters as Record<string, string>;
        const ChallengeResponses = {
          USERNAME: USER_ID_FOR_SRP,
          PASSWORD_CLAIM_SECRET_BLOCK: SECRET_BLOCK,
          PASSWORD_CLAIM_SIGNATURE: randomBytes(32).toString("base64"),
          TIMESTAMP: timestamp(),
        };
        const answer = { ClientId, ChallengeName: "PASSWORD_VERIFIER", ChallengeResponses };
        return [first.ms, (await ask(url, "RespondToAuthChallenge", answer)).ms];
      },
    ],
    [
      ["USER_PASSWORD_AUTH"],
      async (USERNAME) => {
        const AuthParameters = { USERNAME, PASSWORD: "Wrong-password-1" };
        const input = { AuthFlow: "USER_PASSWORD_AUTH", ClientId, AuthParameters };
        return [(await ask(url, "InitiateAuth", input)).ms];
      },
    ],
    [["ForgotPassword"], async (Username) => [(await ask(url, "ForgotPassword", { ClientId, Username })).ms]],
  ];
}

const median = (values: number[]) =>
  [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] as number;

/** Mann-Whitney: how likely one who is not there takes longer (0.5 is no difference), and how many standard deviations that is off. */
export function mannWhitney(there: number[], absent: number[]): { likely: number; z: number } {
  const all = [
    ...there.map((ms) => ({ ms, isAbsent: false })),
    ...absent.map((ms) => ({ ms, isAbsent: true })),
  ];
  all.sort((x, y) => x.ms - y.ms);
  const ranks = all.reduce((sum, { isAbsent }, i) => sum + (isAbsent ? i + 1 : 0), 0);
  const [n, m] = [there.length, absent.length];
  const u = ranks - (m * (m + 1)) / 2;
  return { likely: u / (n * m), z: (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12) };
}

async function compared(way: Way, names: string[], pick: (isThere: boolean, i: number) => string) {
  const times = names.map(() => ({ there: [] as number[], absent: [] as number[] }));
  const next = { there: -warmUp, absent: -warmUp };
  while (next.there < tries || next.absent < tries) {
    // By chance alone: in pairs, one kind would more often come right after the other, and feel what that leaves to do.
    const kind = randomInt(2) === 0 ? "there" : "absent";
    const i = next[kind];
    next[kind] += 1;
    if (i >= tries) continue;
    const taken = await way(pick(kind === "there", i));
    if (i >= 0) for (const [at, ms] of taken.entries()) times[at]?.[kind].push(ms);
  }
  return names.map((name, at) => {
    const { there = [], absent = [] } = times[at] ?? {};
    const { likely, z } = mannWhitney(there, absent);
    return {
      way: name,
      "wrong password, ms": median(there).toFixed(3),
      "wrong user, ms": median(absent).toFixed(3),
      "user takes longer": likely.toFixed(3),
      z: z.toFixed(1),
    };
  });
}

export async function compareTimes(): Promise<Record<string, string>[]> {
  const server = await startCloudkeepProcess();
  try {
    const { port, credentials } = server;
    const idp = new CognitoIdentityProvider({ endpoint: `http://127.0.0.1:${port}`, region, credentials });
    const { UserPool } = await idp.createUserPool({ PoolName: "times" });
    const UserPoolId = UserPool?.Id;
    const { UserPoolClient } = await idp.createUserPoolClient({
      UserPoolId,
      ClientName: "times",
      ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"],
      PreventUserExistenceErrors: "ENABLED",
    });
    const rows: Record<string, string>[] = [];
    for (const [at, [names, way]] of waysOf(
      `http://127.0.0.1:${port}/`,
      UserPoolClient?.ClientId ?? "",
    ).entries()) {
      // Each way has users of its own, so that no guess of one locks another.
      const name = (isThere: boolean, i: number) =>
        `${isThere ? "person" : "nobody"}-${at}-${i < 0 ? `w${i}` : Math.floor(i / triesPerUser)}`;
      for (let i = -warmUp; i < users * triesPerUser; i += i < 0 ? 1 : triesPerUser) {
        const Username = name(true, i);
        const Value = `${Username}@example.com`;
        await idp.adminCreateUser({
          UserPoolId,
          Username,
          MessageAction: "SUPPRESS",
          UserAttributes: [
            { Name: "email", Value },
            { Name: "email_verified", Value: "true" },
          ],
        });
        const Password = "Correct-horse-1";
        await idp.adminSetUserPassword({ UserPoolId, Username, Password, Permanent: true });
      }
      rows.push(...(await compared(way, names, name)));
    }
    return rows;
  } finally {
    await server.stop();
    removeData(server);
  }
}
