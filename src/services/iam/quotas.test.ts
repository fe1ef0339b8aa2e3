import { expect, it } from "vitest";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { MemoryStore } from "../../storage/memory.ts";
import type { Transaction } from "../../storage/store.ts";
import { countOf, countOneLess, countOneMore, quotas } from "./quotas.ts";
import { type Counted, counts } from "./tables.ts";
import { account } from "./testing.ts";

function contextOf(tx: Transaction): Context<"LimitExceededException"> {
  const error = (code: string, message: string) => new AwsError(code, message);
  return { tx, account, error } as unknown as Context<"LimitExceededException">;
}

it.each([
  ["users", "UsersPerAccount"],
  ["groups", "GroupsPerAccount"],
  ["roles", "RolesPerAccount"],
  ["policies", "PoliciesPerAccount"],
  ["instanceProfiles", "InstanceProfilesPerAccount"],
] as const)("holds an account to its %s", async (what: Counted, name) => {
  const store = new MemoryStore();
  await store.transact(async (tx) => {
    const ctx = contextOf(tx);
    counts.put(tx, [account, what], { count: quotas[name] - 1 });
    await countOneMore(what, ctx);
    await expect(countOneMore(what, ctx)).rejects.toMatchObject({
      code: "LimitExceededException",
      message: `Cannot exceed quota for ${name}: ${quotas[name]}`,
    });
    await countOneMore(what, ctx, { unlimited: true });
    await countOneLess(what, ctx);
    expect(await countOf(what, ctx)).toBe(quotas[name]);
  });
  await store.close();
});
