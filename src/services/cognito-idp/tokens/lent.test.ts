import { afterAll, beforeAll, expect, it } from "vitest";
import type { UserPools } from "../../../kit/ports.ts";
import { type Cloudkeep, start } from "../../../start.ts";
import { MemoryStore } from "../../../storage/memory.ts";
import { newPool, newUser, type TestPool, tokensOf } from "../testing.ts";
import { userPools } from "./lent.ts";

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let pool: TestPool;
beforeAll(async () => {
  cloudkeep = await start({ store });
  pool = await newPool(cloudkeep);
  await newUser(pool, "alice", { email: "alice@example.com" });
});
afterAll(() => cloudkeep.stop());

async function verify(token: string, wanted: Partial<Parameters<UserPools["verifyIdToken"]>[1]> = {}) {
  const { UserPoolId: poolId, ClientId: clientId } = pool;
  const whole = { poolId, clientId, checksUser: true, ...wanted };
  return await store.transact((tx) => userPools.verifyIdToken(token, whole, { tx, clock: cloudkeep.clock }));
}

it("tells others whose ID token it is, and no more than the pool signed", async () => {
  const { IdToken, AccessToken } = await tokensOf(pool, "alice");
  expect(await verify(IdToken)).toMatchObject({ claims: { email: "alice@example.com", aud: pool.ClientId } });
  expect(await verify(AccessToken)).toEqual({ problem: "invalid" });
  expect(await verify(`${IdToken.slice(0, -4)}AAAA`)).toEqual({ problem: "signature" });
  expect(await verify(IdToken, { clientId: "another" })).toEqual({ problem: "invalid" });
  const other = await newPool(cloudkeep);
  expect(await verify(IdToken, { poolId: other.UserPoolId })).toEqual({ problem: "invalid" });
  await pool.idp.adminUserGlobalSignOut({ UserPoolId: pool.UserPoolId, Username: "alice" });
  expect(await verify(IdToken)).toEqual({ problem: "revoked" });
  expect(await verify(IdToken, { checksUser: false })).toHaveProperty("claims");
  await cloudkeep.clock.advance(3_600_000);
  expect(await verify(IdToken)).toEqual({ problem: "expired" });
});
