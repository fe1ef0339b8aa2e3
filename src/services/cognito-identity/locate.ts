import type { Place } from "../../kit/service.ts";
import type { Reads } from "../../storage/store.ts";
import { places } from "./tables.ts";

/** Where the pool is that an unsigned call names, by its own id or by that of an identity. */
export async function locate(input: Record<string, unknown>, tx: Reads): Promise<Place | undefined> {
  const id = input.IdentityPoolId ?? input.IdentityId;
  return typeof id === "string" ? await places.get(tx, id) : undefined;
}
