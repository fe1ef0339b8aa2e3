import { table } from "../../kit/table.ts";

/** The key that seals session tokens, 32 bytes in base64. One row: "current". */
export const tokenKeys = table<{ key: string }, [name: string]>("sts", "token-keys");
