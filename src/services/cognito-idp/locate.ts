import type { Place } from "../../kit/service.ts";
import type { Reads } from "../../storage/store.ts";
import { placeOfClient, placeOfPool } from "./clients/find.ts";
import { poolOfSealed } from "./tokens/sealed.ts";
import { poolOfToken } from "./tokens/verify.ts";

/** Where the pool is that an unsigned call names: by a client, by its own id, or by a token or session of it. */
export async function locate(input: Record<string, unknown>, tx: Reads): Promise<Place | undefined> {
  const { ClientId, UserPoolId, AccessToken, Session, RefreshToken, Token } = input;
  if (typeof ClientId === "string") return await placeOfClient(ClientId, tx);
  const poolId =
    named(UserPoolId) ??
    said(AccessToken, poolOfToken) ??
    said(Session, poolOfSealed) ??
    said(RefreshToken ?? Token, poolOfSealed);
  return poolId === undefined ? undefined : await placeOfPool(poolId, tx);
}

function named(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function said(value: unknown, read: (text: string) => string | undefined): string | undefined {
  return typeof value === "string" ? read(value) : undefined;
}
