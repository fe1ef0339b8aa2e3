import type { LineKey } from "./store/chunk.ts";
import { formatPosition, parsePosition } from "./store/position.ts";

/** What @ptr holds: enough to find one line again. */
export interface Pointer {
  groupName: string;
  groupId: string;
  streamName: string;
  streamId: string;
  key: LineKey;
}

export function formatPointer({ groupName, groupId, streamName, streamId, key }: Pointer): string {
  const parts = [groupName, groupId, streamName, streamId, formatPosition(key)];
  return Buffer.from(JSON.stringify(parts)).toString("base64");
}

/** Undefined for what is no pointer. */
export function parsePointer(text: string): Pointer | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, "base64").toString());
    if (!Array.isArray(parts) || !parts.every((part) => typeof part === "string")) return undefined;
    const [groupName = "", groupId = "", streamName = "", streamId = "", position = ""] = parts as string[];
    const key = parsePosition(position);
    const isId = /^[a-z0-9]{1,32}$/.test(streamId) && groupName !== "";
    return key && isId ? { groupName, groupId, streamName, streamId, key } : undefined;
  } catch {
    return undefined;
  }
}
