import type { Exchange } from "./exchange.ts";
import { Refused } from "./refuse.ts";
import { type Claim, timeOf } from "./sigv4/claim.ts";

/** What a claim must say before its signature is judged. */

/** Query services and S3 allow 15 minutes between clocks, the JSON services 5. */
const jsonSkewMs = 5 * 60_000;
const otherSkewMs = 15 * 60_000;

function minutesText(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** How old the signature is, in ms. */
export function checkTime(exchange: Exchange, claim: Claim, now: number): number {
  const signedAt = timeOf(claim.timestamp);
  if (Number.isNaN(signedAt))
    throw new Refused(
      "incompleteSignature",
      `Date must be in ISO-8601 'basic format'. Got '${claim.timestamp}'.`,
    );
  const skewMs = exchange.headers["x-amz-target"] !== undefined ? jsonSkewMs : otherSkewMs;
  const skewMinutes = skewMs / 60_000;
  if (signedAt > now + skewMs) {
    throw new Refused(
      "expiredRequest",
      `Signature not yet current: ${claim.timestamp} is still later than ${minutesText(now + skewMs)} (${minutesText(now)} + ${skewMinutes} min.)`,
    );
  }
  if (claim.expiresSeconds !== undefined) {
    if (now > signedAt + claim.expiresSeconds * 1000) {
      throw new Refused(
        "expiredPresigned",
        `Signature expired: ${claim.timestamp} is now earlier than ${minutesText(now - claim.expiresSeconds * 1000)}`,
      );
    }
  } else if (signedAt < now - skewMs) {
    throw new Refused(
      "expiredRequest",
      `Signature expired: ${claim.timestamp} is now earlier than ${minutesText(now - skewMs)} (${minutesText(now)} - ${skewMinutes} min.)`,
    );
  }
  return now - signedAt;
}

/**
 * A signature must cover the host and every `x-amz-` header, or a header that changes the meaning of the
 * request could be added to it. The session token is left out: it proves itself, and some clients add it
 * after signing.
 */
export function checkCoverage(exchange: Exchange, claim: Claim): void {
  const { headers } = exchange;
  // HTTP/2 names the host in a pseudo-header; a "host" beside it must not say anything else.
  const coversAuthority =
    claim.signedHeaders.includes(":authority") && headers.host === headers[":authority"];
  if (!coversAuthority && !claim.signedHeaders.includes("host")) {
    throw new Refused(
      "badSignature",
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
  }
  for (const name in headers) {
    if (!name.startsWith("x-amz-") || name === "x-amz-security-token") continue;
    if (!claim.signedHeaders.includes(name)) {
      throw new Refused(
        "badSignature",
        `There were headers present in the request which were not signed: ${name}`,
      );
    }
  }
}
