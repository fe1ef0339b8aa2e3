import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canonicalRequest, headerSeparator, type PathRules } from "./canonical.ts";
import { readClaim } from "./claim.ts";
import { asymmetricKey, KeyCache } from "./keys.ts";
import { judge } from "./verify.ts";

/** The SigV4 and SigV4A suites of awslabs/aws-c-auth (Apache-2.0), each folder in header and in query mode. */
const folder = join(import.meta.dirname, "../../../../shared/vectors/sigv4");

interface VectorContext {
  credentials: { access_key_id: string; secret_access_key: string; token?: string };
  normalize: boolean;
  omit_session_token?: boolean;
}

interface Parsed {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string | undefined>;
  body: string;
}

/** A request as it stands in a vector: a request line, headers (with folded lines), a body. */
function parse(text: string): Parsed {
  const [head = "", ...rest] = text.replaceAll("\r\n", "\n").split("\n\n");
  const [line = "", ...headerLines] = head.split("\n");
  const [, method = "", target = ""] = /^(\S+) (.*) HTTP\/1\.1$/.exec(line) ?? [];
  const headers: Record<string, string | undefined> = {};
  let last = "";
  for (const headerLine of headerLines) {
    if (/^\s/.test(headerLine)) {
      headers[last] += `\n${headerLine}`;
      continue;
    }
    const at = headerLine.indexOf(":");
    last = headerLine.slice(0, at).toLowerCase();
    const value = headerLine.slice(at + 1);
    headers[last] = headers[last] === undefined ? value : `${headers[last]}${headerSeparator}${value}`;
  }
  const mark = target.indexOf("?");
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? "" : target.slice(mark + 1),
    headers,
    body: rest.join("\n\n"),
  };
}

function read(...path: string[]): string {
  return readFileSync(join(folder, ...path), "utf8");
}

if (!existsSync(folder)) {
  it.skip("the SigV4 vectors are not at ../shared/vectors", () => {});
} else {
  for (const algorithm of ["v4", "v4a"]) {
    for (const name of readdirSync(join(folder, algorithm))) {
      const modes = ["header", "query"].filter((mode) =>
        existsSync(join(folder, algorithm, name, `${mode}-signed-request.txt`)),
      );
      for (const mode of modes) check(algorithm, name, mode);
    }
  }
}

function check(algorithm: string, name: string, mode: string): void {
  describe(`${algorithm}/${name}, ${mode}`, () => {
    const context = JSON.parse(read(algorithm, name, "context.json")) as VectorContext;
    const request = parse(read(algorithm, name, `${mode}-signed-request.txt`));
    const expected = read(algorithm, name, `${mode}-canonical-request.txt`).replaceAll("\r\n", "\n");
    const rules: PathRules = { normalize: context.normalize, encodeTwice: true };
    const { access_key_id: id, secret_access_key: secret } = context.credentials;
    // In these vectors the session token joins the query after signing.
    if (context.omit_session_token && mode === "query") {
      request.query = request.query.replace(/&X-Amz-Security-Token=[^&]*/, "");
    }
    const claim = readClaim(request.headers, request.query);
    if (claim === undefined) throw new Error("no claim");
    const payloadHash = expected.slice(expected.lastIndexOf("\n") + 1);

    it("has the canonical request that AWS expects", () => {
      const leaveOut = mode === "query" ? "X-Amz-Signature" : undefined;
      expect(canonicalRequest(request, claim.signedHeaders, payloadHash, rules, leaveOut)).toBe(expected);
    });

    it("has a valid signature, and no other is valid", () => {
      const keys = new KeyCache();
      expect(judge(request, claim, payloadHash, secret, keys, rules).valid).toBe(true);
      expect(judge(request, claim, payloadHash, `${secret}x`, keys, rules).valid).toBe(false);
      expect(judge({ ...request, method: "PUT" }, claim, payloadHash, secret, keys, rules).valid).toBe(false);
      const flipped = claim.signature.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
      expect(judge(request, { ...claim, signature: flipped }, payloadHash, secret, keys, rules).valid).toBe(
        false,
      );
    });

    if (algorithm === "v4a") {
      it("derives the key pair that AWS derives", () => {
        const { X, Y } = JSON.parse(read(algorithm, name, "public-key.json")) as { X: string; Y: string };
        const jwk = asymmetricKey(id, secret).publicKey.export({ format: "jwk" });
        expect(Buffer.from(jwk.x ?? "", "base64url").toString("hex")).toBe(X);
        expect(Buffer.from(jwk.y ?? "", "base64url").toString("hex")).toBe(Y);
      });
    }
  });
}
