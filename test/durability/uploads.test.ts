import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { S3 } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { newEncodedKey, temporaryDirectory } from "./children.ts";

/** Uploads while the server is killed: what was acknowledged is there and whole, and nothing is there by halves. */

const cycles = Number(process.env.CLOUDKEEP_UPLOAD_CYCLES ?? 6);
const uploaders = 4;
const Bucket = "uploads";
const credentials = {
  accessKeyId: "AKIADURABILITY000000",
  secretAccessKey: "a secret of the durability test only",
};

interface Server {
  process: ChildProcess;
  endpoint: string;
}

/** The bundle, as a user starts it. */
async function started(dir: string, rootKey: string): Promise<Server> {
  const child = spawn(
    process.execPath,
    ["dist/main.js", "start", "--port", "0", "--data", dir, "--log", "error"],
    {
      env: {
        ...process.env,
        CLOUDKEEP_ROOT_KEY: rootKey,
        XDG_CONFIG_HOME: join(dir, "config"),
        CLOUDKEEP_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
        CLOUDKEEP_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const endpoint = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (data: Buffer) => {
      text += data.toString();
      const match = /listens on (http:\S+)/.exec(text);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    child.once("exit", () => reject(new Error(`Cloudkeep did not start: ${text}`)));
  });
  return { process: child, endpoint };
}

function clientOf({ endpoint }: Server): S3 {
  return new S3({ endpoint, region: "us-east-1", credentials, forcePathStyle: true, maxAttempts: 1 });
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

/** Puts objects, small and large, until the server is gone; tells which were acknowledged. */
async function putUntilGone(s3: S3, name: string, told: Map<string, string>): Promise<void> {
  for (let i = 0; ; i += 1) {
    const Key = `${name}/${i}`;
    const Body = randomBytes(i % 3 === 0 ? 4_000 : 3_000_000);
    try {
      await s3.putObject({ Bucket, Key, Body });
      told.set(Key, md5(Body));
    } catch {
      return;
    }
  }
}

/** Every listed object reads as its ETag says, all that were acknowledged are among them. */
async function check(s3: S3, told: ReadonlyMap<string, string>): Promise<number> {
  const listed = new Map<string, string>();
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.listObjectsV2({ Bucket, ContinuationToken });
    for (const { Key = "", ETag = "" } of page.Contents ?? []) listed.set(Key, ETag.replaceAll('"', ""));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  for (const [key, etag] of told) expect([key, listed.get(key)]).toEqual([key, etag]);
  let large = 0;
  for (const [Key, etag] of listed) {
    const { Body } = await s3.getObject({ Bucket, Key });
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    expect([Key, md5(bytes)]).toEqual([Key, etag]);
    if (bytes.length > 100_000) large += 1;
  }
  return large;
}

function filesIn(dir: string): number {
  const bytes = join(dir, "bytes");
  return readdirSync(bytes, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .length;
}

describe("kill -9 while objects are uploaded", () => {
  it(
    `leaves whole objects only, ${cycles} times`,
    async () => {
      const { dir, remove } = temporaryDirectory();
      const rootKey = newEncodedKey();
      const told = new Map<string, string>();
      let server = await started(dir, rootKey);
      try {
        await clientOf(server).createBucket({ Bucket });
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          const s3 = clientOf(server);
          const uploads = Array.from({ length: uploaders }, (_, i) =>
            putUntilGone(s3, `${cycle}-${i}`, told),
          );
          await setTimeout(200 + Math.random() * 400);
          server.process.kill("SIGKILL");
          await Promise.all(uploads);
          server = await started(dir, rootKey);
        }
        const large = await check(clientOf(server), told);
        expect(told.size).toBeGreaterThan(0);
        // The sweep at the start took what no object names.
        expect(filesIn(dir)).toBe(large);
      } finally {
        server.process.kill("SIGKILL");
        remove();
      }
    },
    60_000 + cycles * 10_000,
  );
});
