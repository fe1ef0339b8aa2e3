import { generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import type { Context } from "../src/kit/context.ts";
import type { ClientRow } from "../src/services/cognito-idp/clients/clientRow.ts";
import type { PoolRow } from "../src/services/cognito-idp/pools/poolRow.ts";
import { clients, pools } from "../src/services/cognito-idp/tables.ts";
import { issueTokens, newJti } from "../src/services/cognito-idp/tokens/issue.ts";
import { claimsOf } from "../src/services/cognito-idp/tokens/verify.ts";
import { findUser } from "../src/services/cognito-idp/users/find.ts";
import { withStore } from "./seed.ts";
import { region } from "./users.ts";

/** Tokens beside bare signatures of node:crypto, by turns in one process: no wire, no record, no disk. */

const account = "000000000000";
const rounds = 15;
const perRound = 100;

const median = (values: number[]) =>
  [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] as number;

async function timed(times: number[], count: number, work: () => unknown): Promise<void> {
  const begun = performance.now();
  for (let i = 0; i < count; i += 1) await work();
  times.push((performance.now() - begun) / count);
}

/** Of the pool of a data directory that no process holds. */
export async function measureTokens(
  directory: string,
  UserPoolId: string,
  ClientId: string,
  username: string,
): Promise<Record<string, string>> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const data = randomBytes(600);
  const signature = sign("sha256", data, privateKey);
  const times = { signing: [], verifying: [], issuing: [], believing: [] } as Record<string, number[]>;
  await withStore(directory, async (store) => {
    for (let round = 0; round < rounds; round += 1) {
      await timed(times.signing as number[], perRound, () => sign("sha256", data, privateKey));
      await timed(times.verifying as number[], perRound, () => verify("sha256", data, publicKey, signature));
      await store.transact(async (tx) => {
        const clock = { now: () => Date.now() };
        const ctx = { tx, clock, account, region, requestId: "bench" } as unknown as Context;
        const pool = (await pools.get(tx, account, region, UserPoolId)) as PoolRow;
        const client = (await clients.get(tx, account, region, UserPoolId, ClientId)) as ClientRow;
        const found = await findUser(pool, username, ctx);
        if (found === undefined) throw new Error("The user is not there.");
        const authMs = Date.now();
        const issue = {
          pool,
          client,
          ...found,
          authMs,
          originJti: newJti(ctx),
          eventId: "bench",
          source: "Authentication",
        };
        const { AccessToken } = await issueTokens(issue, ctx);
        await timed(times.issuing as number[], perRound, () => issueTokens(issue, ctx));
        await timed(times.believing as number[], perRound, () => claimsOf(pool, AccessToken, "access", ctx));
      });
    }
  });
  const [bareSign = 0, bareVerify = 0, issue = 0, believe = 0] = Object.values(times).map(median);
  const ms = (value: number) => value.toFixed(3);
  return {
    "bare signature, ms": ms(bareSign),
    "bare verification, ms": ms(bareVerify),
    "ID, access and refresh token, ms": ms(issue),
    "a token beside a bare signature": `${((200 * bareSign) / issue).toFixed(0)} %`,
    "a token believed, ms": ms(believe),
    "beside a bare signature": `${((100 * bareSign) / believe).toFixed(0)} %`,
  };
}
