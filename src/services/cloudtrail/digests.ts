import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, sign } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { eventTime } from "../../kit/record.ts";
import { cloudtrail } from "./contract.ts";
import { keyPrefix, putObject } from "./destinations.ts";
import { fileTime } from "./logFiles.ts";
import { hourMs, keyOf, outcome, timerId } from "./logging.ts";
import type { TrailName } from "./names.ts";
import {
  digests,
  logFiles,
  type SigningKeyRow,
  signingKeys,
  statuses,
  type TrailRow,
  trails,
} from "./tables.ts";

/**
 * Digests: each hour, what log files there are and what is in them, signed, and chained to the digest before.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
 */

interface SigningKey extends SigningKeyRow {
  fingerprint: string;
}

/** The account's key of the trail's Region; made when it is first needed. */
async function signingKey({ account, region }: TrailName, ctx: Context): Promise<SigningKey> {
  const [known] = await signingKeys.list(ctx.tx, [account, region], { limit: 1 });
  if (known !== undefined) return { ...known.row, fingerprint: known.key[2] };
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const publicKey = createPublicKey(privateKey).export({ type: "pkcs1", format: "der" });
  const row: SigningKeyRow = {
    privateKey: privateKey.export({ type: "pkcs8", format: "der" }).toString("base64"),
    publicKey: publicKey.toString("base64"),
    fromMs: ctx.clock.now() - hourMs,
  };
  const fingerprint = hash("md5", publicKey);
  signingKeys.put(ctx.tx, [account, region, fingerprint], row);
  return { ...row, fingerprint };
}

/** A key is shown as valid for this long. */
const keyLifeMs = 10 * 365 * 86_400_000;

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html */
export const listPublicKeys = cloudtrail.operation("ListPublicKeys", {
  access: () => ({ action: "cloudtrail:ListPublicKeys", resource: "*" }),
  async handle({ StartTime, EndTime }, ctx) {
    if (StartTime !== undefined && EndTime !== undefined && StartTime > EndTime)
      throw ctx.error("InvalidTimeRangeException", "Start time must be before or equal to end time.");
    const rows = await signingKeys.list(ctx.tx, [ctx.account, ctx.region]);
    const from = StartTime?.getTime() ?? 0;
    const to = EndTime?.getTime() ?? Number.POSITIVE_INFINITY;
    return {
      PublicKeyList: rows
        .filter(({ row }) => row.fromMs <= to && row.fromMs + keyLifeMs >= from)
        .map(({ key, row }) => ({
          Value: Buffer.from(row.publicKey, "base64"),
          ValidityStartTime: new Date(row.fromMs),
          ValidityEndTime: new Date(row.fromMs + keyLifeMs),
          Fingerprint: key[2],
        })),
    };
  },
});

/** Timer: the hour is over. */
export async function writeDigests(trail: TrailName, ctx: Context): Promise<void> {
  const status = await statuses.get(ctx.tx, ...keyOf(trail));
  const row = await trails.get(ctx.tx, ...keyOf(trail));
  if (row === undefined || status?.digestsDueMs === undefined) return;
  const { digestsDueMs: toMs, digestsFromMs: fromMs = status.startedAt, ...rest } = status;
  // Once logging has stopped, this digest is the last.
  const dueMs = status.isLogging ? toMs + hourMs : undefined;
  const next = { ...rest, digestsFromMs: toMs, ...(dueMs !== undefined && { digestsDueMs: dueMs }) };
  const setTimer = () => {
    if (dueMs !== undefined) ctx.timers.set(timerId("digests", trail), "writeDigests", dueMs, { ...trail });
  };
  setTimer();
  if (!row.validation) return statuses.put(ctx.tx, keyOf(trail), next);
  const savepoint = ctx.tx.savepoint();
  let error: string | undefined;
  try {
    for (const region of await regionsOf(trail, ctx))
      await writeDigest(trail, row, region, fromMs, toMs, ctx);
  } catch (problem) {
    if (!(problem instanceof AwsError)) throw problem;
    ctx.tx.rollback(savepoint);
    // Its files stand in the next digest.
    setTimer();
    next.digestsFromMs = fromMs;
    error = problem.code;
  }
  statuses.put(ctx.tx, keyOf(trail), { ...next, digest: outcome(status.digest, error, ctx) });
}

/** The home Region, and each that has or had log files. */
async function regionsOf(trail: TrailName, ctx: Context): Promise<Set<string>> {
  const regions = new Set([trail.region]);
  for (const { key } of await digests.list(ctx.tx, keyOf(trail))) regions.add(key[3]);
  for (const { key } of await logFiles.list(ctx.tx, keyOf(trail))) regions.add(key[3]);
  return regions;
}

async function writeDigest(
  trail: TrailName,
  row: TrailRow,
  region: string,
  fromMs: number,
  toMs: number,
  ctx: Context,
): Promise<void> {
  const files = await logFiles.list(ctx.tx, [...keyOf(trail), region]);
  const before = await digests.get(ctx.tx, ...keyOf(trail), region);
  const key = await signingKey(trail, ctx);
  const digestEndTime = eventTime(toMs);
  const { stamp, day } = fileTime(toMs, true);
  const name = `${trail.account}_CloudTrail-Digest_${region}_${trail.name}_${trail.region}_${stamp}.json.gz`;
  const digestS3Object = `${keyPrefix(trail, row)}CloudTrail-Digest/${region}/${day}/${name}`;
  const times = files.flatMap(({ row: file }) => [file.oldest, file.newest]).sort();
  const text = JSON.stringify({
    awsAccountId: trail.account,
    digestStartTime: eventTime(fromMs),
    digestEndTime,
    digestS3Bucket: row.bucket,
    digestS3Object,
    digestPublicKeyFingerprint: key.fingerprint,
    digestSignatureAlgorithm: "SHA256withRSA",
    newestEventTime: times.at(-1) ?? null,
    oldestEventTime: times[0] ?? null,
    previousDigestS3Bucket: before?.bucket ?? null,
    previousDigestS3Object: before?.key ?? null,
    previousDigestHashValue: before?.hash ?? null,
    previousDigestHashAlgorithm: before ? "SHA-256" : null,
    previousDigestSignature: before?.signature ?? null,
    logFiles: files.map(({ key: fileKey, row: file }) => ({
      s3Bucket: row.bucket,
      s3Object: fileKey[4],
      hashValue: file.hash,
      hashAlgorithm: "SHA-256",
      newestEventTime: file.newest,
      oldestEventTime: file.oldest,
    })),
  });
  const digestHash = hash("sha256", text);
  const signed = [
    digestEndTime,
    `${row.bucket}/${digestS3Object}`,
    digestHash,
    before?.signature ?? "null",
  ].join("\n");
  const signature = signatureOf(signed, key);
  const metadata = { signature, "signature-algorithm": "SHA256withRSA" };
  await putObject(trail, row, { key: digestS3Object, body: gzipSync(text), metadata }, ctx);
  digests.put(ctx.tx, [...keyOf(trail), region], {
    bucket: row.bucket,
    key: digestS3Object,
    hash: digestHash,
    signature,
  });
  for (const { key: fileKey } of files) logFiles.delete(ctx.tx, ...fileKey);
}

/** Hex, as the objects' metadata hold it. */
function signatureOf(text: string, { privateKey }: SigningKey): string {
  const key = createPrivateKey({ key: Buffer.from(privateKey, "base64"), type: "pkcs8", format: "der" });
  return sign("sha256", Buffer.from(text), key).toString("hex");
}
