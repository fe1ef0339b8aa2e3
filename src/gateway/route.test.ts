import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../test/hostile/raw.ts";
import { signed } from "../../test/hostile/sign.ts";
import { buildDirectory } from "../kit/buildFiles.ts";
import { defineService } from "../kit/service.ts";
import { services } from "../services/index.ts";
import { type Cloudkeep, start } from "../start.ts";
import { MemoryStore } from "../storage/memory.ts";
import { pathWithBucket } from "./route.ts";

describe("a bucket in the host", () => {
  it.each([
    ["orders.s3.amazonaws.com", "/a/b", "/orders/a/b"],
    ["orders.s3.eu-west-1.amazonaws.com", "/", "/orders/"],
    ["orders.s3-eu-west-1.amazonaws.com", "/a", "/orders/a"],
    ["with.dots.s3.eu-west-1.amazonaws.com", "/a", "/with.dots/a"],
    ["orders.localhost:4566", "/a", "/orders/a"],
    ["orders.s3.localhost:4566", "/a", "/orders/a"],
    ["ORDERS.s3.localhost", "/A%20b", "/orders/A%20b"],
    ["s3.amazonaws.com", "/orders/a", "/orders/a"],
    ["s3.eu-west-1.amazonaws.com", "/orders/a", "/orders/a"],
    ["s3.localhost:4566", "/orders/a", "/orders/a"],
    ["s3.eu-west-1.localhost:4566", "/orders/a", "/orders/a"],
    ["localhost:4566", "/orders/a", "/orders/a"],
    ["127.0.0.1:4566", "/orders/a", "/orders/a"],
  ])("%s%s is %s", (host, path, whole) => {
    expect(pathWithBucket(host, path)).toBe(whole);
  });

  let cloudkeep: Cloudkeep;
  beforeAll(async () => {
    const { operations } = JSON.parse(readFileSync(`${buildDirectory}/contracts/s3.json`, "utf8"));
    // Answers with what it was asked for.
    const echo = defineService({
      name: "s3",
      eventSource: "s3.amazonaws.com",
      operations: [
        {
          service: "s3",
          name: "HeadObject",
          access: { noPermissionNeeded: "It tells nothing but the request." },
          handle: ({ Bucket, Key }: { Bucket: string; Key: string }) => ({ ETag: `${Bucket}|${Key}` }),
        },
      ],
      missing: Object.keys(operations).filter((name) => name !== "HeadObject"),
    });
    cloudkeep = await start({
      store: new MemoryStore(),
      services: { ...services, s3: { load: async () => ({ default: echo }) } },
    });
  });
  afterAll(() => cloudkeep.stop());

  it("reaches the same object as one in the path, signed as it was sent", async () => {
    const ask = (host: string, path: string) =>
      send(
        cloudkeep.port,
        signed(
          "header-hashed",
          { method: "HEAD", path, query: "", headers: {}, body: "" },
          { credentials: cloudkeep.credentials, service: "s3", host },
        ),
      );
    const byPath = await ask(`127.0.0.1:${cloudkeep.port}`, "/orders/2026/a.txt");
    const byHost = await ask(`orders.localhost:${cloudkeep.port}`, "/2026/a.txt");
    expect([byPath.status, byPath.headers.etag]).toEqual([200, "orders|2026/a.txt"]);
    expect([byHost.status, byHost.headers.etag]).toEqual([200, "orders|2026/a.txt"]);
  });
});
