import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { authenticate, claimOf } from "../../src/gateway/authenticate.ts";
import type { Gateway } from "../../src/gateway/callTypes.ts";
import type { Exchange } from "../../src/gateway/exchange.ts";
import { headersOf } from "../../src/gateway/exchange.ts";
import { Refused } from "../../src/gateway/refuse.ts";
import { KeyCache } from "../../src/gateway/sigv4/keys.ts";
import { MovableClock } from "../../src/kit/clock.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { type Draft, type Mode, signed } from "./sign.ts";

/**
 * Alters signed requests, one change each, in every mode of signing. The stage that proves a request must
 * refuse them all: whatever was signed, nothing about it can change.
 */

const modes: Mode[] = ["header", "header-hashed", "presigned", "v4a", "chunked", "chunked-trailer"];
const alteredPerMode = 3_500;

const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const caller = {
  principal: {
    kind: "user" as const,
    account: "111122223333",
    arn: "arn:aws:iam::111122223333:user/alice",
    userId: "AIDAEXAMPLE",
  },
};

/** A small reproducible source of chances (mulberry32), so that a failure can be repeated. */
function chances(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/%=&;:,. ";

function alteredText(text: string, chance: (below: number) => number): string {
  const at = chance(text.length + 1);
  const letter = letters[chance(letters.length)] as string;
  const kind = text.length === 0 ? 0 : chance(4);
  if (kind === 0) return text.slice(0, at) + letter + text.slice(at);
  const i = Math.min(at, text.length - 1);
  if (kind === 1) return text.slice(0, i) + text.slice(i + 1);
  if (kind === 2) return text.slice(0, i) + letter + text.slice(i + 1);
  return text.slice(0, i) + text.charAt(i + 1) + text.charAt(i) + text.slice(i + 2);
}

/** One change somewhere in a signed request. */
function altered(draft: Draft, chance: (below: number) => number): Draft {
  const parts = [
    "method",
    "path",
    "query",
    "body",
    "header",
    "header",
    "header",
    "addHeader",
    "dropHeader",
  ] as const;
  const part = parts[chance(parts.length)] as (typeof parts)[number];
  const names = Object.keys(draft.headers);
  const name = names[chance(names.length)] as string;
  switch (part) {
    case "method":
      return { ...draft, method: ["GET", "PUT", "DELETE", "PATCH"][chance(4)] as string };
    case "path":
      return { ...draft, path: `/${alteredText(draft.path.slice(1), chance)}` };
    case "query":
    case "body":
      return { ...draft, [part]: alteredText(draft[part], chance) };
    case "header":
      return {
        ...draft,
        headers: { ...draft.headers, [name]: alteredText(draft.headers[name] ?? "", chance) },
      };
    case "addHeader":
      return { ...draft, headers: { ...draft.headers, [`x-amz-added-${chance(9)}`]: "1" } };
    case "dropHeader": {
      const { [name]: _, ...headers } = draft.headers;
      return { ...draft, headers };
    }
  }
}

/** What a signature does not distinguish: the same request in another spelling, which is no alteration. */
function meaning({ method, path, query, headers, body }: Draft, mode: Mode): string {
  const plain = Object.entries(headers).filter(
    ([name]) => name !== "authorization" && (mode !== "presigned" || name === "host"),
  );
  const parameters = [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}`).sort();
  const normalPath = new URL(path.replace(/\/+/g, "/"), "http://x").pathname;
  const values = plain.map(([name, value]) => `${name}:${value.trim().replace(/\s+/g, " ")}`).sort();
  const authorization =
    headers.authorization
      ?.split(/[\s,]+/)
      .sort()
      .join(" ") ?? "";
  return JSON.stringify([method, normalPath, parameters, values, authorization, body]);
}

function exchangeFor({ method, path, query, headers, body }: Draft): Exchange {
  const request = new PassThrough();
  request.end(body);
  const withLength = { ...headers, "content-length": String(Buffer.byteLength(body)) };
  return {
    requestId: "test",
    method,
    path,
    query,
    headers: headersOf(Object.entries(withLength).flat()),
    request: request as unknown as Exchange["request"],
    facts: { sourceIp: "127.0.0.1", userAgent: "", secure: false, host: headers.host ?? "" },
    awaited: false,
    proceed: () => {},
  };
}

let options: Parameters<typeof authenticate>[2];
beforeAll(() => {
  options = {
    store: new MemoryStore(),
    clock: new MovableClock(),
    keys: new KeyCache(),
    ports: {
      findAccessKey: async (id: string) =>
        id === credentials.accessKeyId ? { ...credentials, caller } : undefined,
      openSession: async () => undefined,
    },
  } satisfies Pick<Gateway, "store" | "clock" | "keys"> & { ports: object };
});
afterAll(() => options.store.close());

/** Whether the stage accepts a request; a fault of the stage itself fails the test. */
async function accepted(draft: Draft): Promise<boolean> {
  try {
    const exchange = exchangeFor(draft);
    const claim = claimOf(exchange);
    if (claim === undefined) return false;
    await authenticate(exchange, claim, options);
    return true;
  } catch (error) {
    if (error instanceof Refused || (error as Error).constructor.name === "BadRequestLine") return false;
    throw error;
  }
}

function draftFor(mode: Mode): Draft {
  const text = "Action=CreateUser&Version=2010-05-08&UserName=alice";
  return mode === "presigned"
    ? { method: "GET", path: "/", query: text, headers: {}, body: "" }
    : {
        method: "POST",
        path: "/some/path",
        query: "b=2&a=1",
        headers: { "content-type": "application/x-www-form-urlencoded", "x-amz-target": "Service.Operation" },
        body: text,
      };
}

describe.each(modes)("%s", (mode) => {
  const sign = { credentials, service: "iam", host: "127.0.0.1:4566" };

  it("accepts the request as it was signed", async () => {
    expect(await accepted(signed(mode, draftFor(mode), sign))).toBe(true);
  });

  it(`refuses it after any of ${alteredPerMode} alterations`, async () => {
    const chance = chances(20_261_124);
    const original = signed(mode, draftFor(mode), sign);
    const passed: Draft[] = [];
    let tried = 0;
    while (tried < alteredPerMode) {
      const draft = altered(original, chance);
      if (meaning(draft, mode) === meaning(original, mode)) continue;
      tried++;
      if (await accepted(draft)) passed.push(draft);
    }
    expect(passed).toEqual([]);
  });
});
