export { chain, type MaybePromise } from "../storage/maybe.ts";
