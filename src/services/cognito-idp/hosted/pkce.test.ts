import { afterAll, beforeAll, expect, it } from "vitest";
import { startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newUser, password } from "../testing.ts";
import { Browser, callback, type HostedPool, hostedPool } from "./testing.ts";

/** The vector of RFC 7636, through the endpoints. https://www.rfc-editor.org/rfc/rfc7636#appendix-B */

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

let cloudkeep: Cloudkeep;
let pool: HostedPool;
beforeAll(async () => {
  cloudkeep = await startForTest();
  pool = await hostedPool(cloudkeep);
  await newUser(pool, "ada");
});
afterAll(() => cloudkeep.stop());

async function answered(code_verifier: string): Promise<Record<string, unknown>> {
  const query = new URLSearchParams({
    client_id: pool.ClientId,
    redirect_uri: callback,
    response_type: "code",
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
  const browser = await new Browser().open(`${pool.base}/oauth2/authorize?${query}`);
  await browser.submit("password", { username: "ada", password });
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: pool.ClientId,
    redirect_uri: callback,
    code: browser.result.get("code") ?? "",
    code_verifier,
  });
  return (await (await fetch(`${pool.base}/oauth2/token`, { method: "POST", body })).json()) as never;
}

it("the vector's verifier fits its challenge", async () => {
  expect((await answered(verifier)).access_token).toBeTruthy();
});

it.each([
  verifier.replace("d", "D"),
  verifier.slice(0, -1).padEnd(43, "A"),
  `${verifier}A`,
  `${verifier}=`,
  challenge,
])("%s does not", async (other) => {
  expect(await answered(other)).toMatchObject({ error: expect.stringMatching(/^invalid_/) });
});
