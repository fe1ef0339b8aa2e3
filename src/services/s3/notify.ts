import type { Context } from "../../kit/context.ts";
import type { BucketRow, ObjectRow } from "./tables.ts";

/** placeholder until notifications are in place */
export function announce(_b: BucketRow, _e: string, _k: string, _r: ObjectRow, _c: Context): void {}
