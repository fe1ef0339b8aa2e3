import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { optionsOf, startForTest } from "../harness.ts";
import { aws, environment, hasBoto3, hasCli, python } from "./unmodified.ts";

/** S3 through the clients that people use: the AWS CLI, boto3, the SDK's streams. */

const mebibyte = 2 ** 20;
let cloudkeep: Cloudkeep;
let folder: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  folder = mkdtempSync(join(tmpdir(), "cloudkeep-journey-"));
  const s3 = new S3Client({ ...optionsOf(cloudkeep, cloudkeep.credentials), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: "journey" }));
});
afterAll(async () => {
  await cloudkeep.stop();
  rmSync(folder, { recursive: true, force: true });
});

const cli = (...args: string[]) => aws(environment(cloudkeep), ...args);

describe.skipIf(!hasCli)("the AWS CLI", () => {
  it("copies 100 MB up in parts, and down again", async () => {
    const [up, down] = [join(folder, "up"), join(folder, "down")];
    const bytes = randomBytes(100 * mebibyte);
    writeFileSync(up, bytes);
    await cli("s3", "cp", up, "s3://journey/large", "--no-progress");
    const head = JSON.parse(await cli("s3api", "head-object", "--bucket", "journey", "--key", "large")) as {
      ETag: string;
      ContentLength: number;
    };
    expect(head.ContentLength).toBe(bytes.length);
    expect(head.ETag).toMatch(/-\d+"$/);
    await cli("s3", "cp", "s3://journey/large", down, "--no-progress");
    expect(readFileSync(down).equals(bytes)).toBe(true);
  }, 120_000);

  it("keeps a folder and a prefix the same", async () => {
    const tree = join(folder, "tree");
    mkdirSync(join(tree, "a b"), { recursive: true });
    for (const [name, text] of [
      ["one.txt", "1"],
      ["a b/zwei ü.txt", "2"],
    ] as const)
      writeFileSync(join(tree, name), text);
    await cli("s3", "sync", tree, "s3://journey/tree", "--no-progress");
    rmSync(join(tree, "one.txt"));
    await cli("s3", "sync", tree, "s3://journey/tree", "--delete", "--no-progress");
    expect(await cli("s3", "ls", "s3://journey/tree/", "--recursive")).toMatch(
      /^\S+ \S+ +1 tree\/a b\/zwei ü\.txt\n$/,
    );
    await cli("s3", "rm", "s3://journey/tree", "--recursive");
    await expect(cli("s3", "ls", "s3://journey/tree/")).rejects.toThrow();
  }, 120_000);

  it("presigns a URL that anybody can read by, for a while", async () => {
    const file = join(folder, "secret");
    writeFileSync(file, "for you only");
    await cli("s3", "cp", file, "s3://journey/secret", "--no-progress");
    const url = (await cli("s3", "presign", "s3://journey/secret", "--expires-in", "60")).trim();
    expect(await (await fetch(url)).text()).toBe("for you only");
    expect((await fetch(url.replace("secret", "large"))).status).toBe(403);
    expect((await fetch(url.replace(/\?.*/, ""))).status).toBe(403);
  }, 60_000);
});

const script = `
import boto3, io
from botocore.config import Config
s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
s3.upload_fileobj(io.BytesIO(b"x" * (20 << 20)), "journey", "boto")
assert s3.head_object(Bucket="journey", Key="boto")["ContentLength"] == 20 << 20
assert s3.get_object(Bucket="journey", Key="boto", Range="bytes=5-9")["Body"].read() == b"xxxxx"
form = s3.generate_presigned_post("journey", "form/\${filename}", Conditions=[["content-length-range", 1, 100]])
print(form["url"], *[f"{name}={value}" for name, value in form["fields"].items()], sep="\\n")
`;

describe.skipIf(!hasBoto3)("boto3", () => {
  it("uploads in parts, reads ranges, and signs forms for browsers", async () => {
    const stdout = await python(environment(cloudkeep), script);
    const [url = "", ...lines] = stdout.trim().split("\n");
    const form = new FormData();
    for (const line of lines)
      form.append(line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1));
    form.append("file", new Blob(["from a browser"]), "hello.txt");
    expect((await fetch(url, { method: "POST", body: form })).status).toBe(204);
    const s3 = new S3Client({ ...optionsOf(cloudkeep, cloudkeep.credentials), forcePathStyle: true });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: "journey", Key: "form/hello.txt" }));
    expect(await Body?.transformToString()).toBe("from a browser");
    form.set("file", new Blob(["x".repeat(101)]), "long.txt");
    expect((await fetch(url, { method: "POST", body: form })).status).toBe(400);
  }, 60_000);
});
