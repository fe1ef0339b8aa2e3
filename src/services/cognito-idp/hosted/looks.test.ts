import { afterAll, beforeAll, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { Browser, callback, type HostedPool, hostedPool } from "./testing.ts";

let cloudkeep: Cloudkeep;
let pool: HostedPool;

beforeAll(async () => {
  cloudkeep = await startForTest();
  pool = await hostedPool(cloudkeep);
});
afterAll(() => cloudkeep.stop());

async function opened(lang = "en"): Promise<Browser> {
  const query = new URLSearchParams({
    client_id: pool.ClientId,
    redirect_uri: callback,
    response_type: "code",
    lang,
  });
  return await new Browser().open(`${pool.base}/login?${query}`);
}

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");

it("pages look as the pool or the client says", async () => {
  const { idp, UserPoolId, ClientId } = pool;
  await idp.setUICustomization({
    UserPoolId,
    CSS: ".submitButton-customizable {color: red;}",
    ImageFile: png,
  });
  expect((await opened()).text).toContain(".submitButton-customizable {color: red;}");
  await idp.setUICustomization({
    UserPoolId,
    ClientId,
    CSS: ".submitButton-customizable:hover {color: blue;}",
    ImageFile: png,
  });
  const browser = await opened();
  expect(browser.text).toContain("color: blue");
  expect(browser.text).toContain("<img ");
  const { UICustomization } = await idp.getUICustomization({ UserPoolId, ClientId });
  const logo = await fetch(UICustomization?.ImageUrl ?? "");
  expect(logo.headers.get("content-type")).toBe("image/png");
  expect(Buffer.from(await logo.arrayBuffer())).toEqual(png);
});

it.each([
  "body {color: red}",
  ".submitButton-customizable {background: url(https://evil.example.com)}",
  "</style><script>alert(1)</script>",
  "@import 'https://evil.example.com';",
  ".submitButton-customizable {color: red",
  ".submitButton-customizable input[value^=a] {color: red}",
])("styles that are more than that are refused: %s", async (CSS) => {
  const { idp, UserPoolId } = pool;
  expect((await errorOf(idp.setUICustomization({ UserPoolId, CSS }))).name).toBe("InvalidParameterException");
});

it("an image that is none is refused", async () => {
  const { idp, UserPoolId } = pool;
  const ImageFile = Buffer.from("<svg onload='alert(1)'/>");
  expect((await errorOf(idp.setUICustomization({ UserPoolId, ImageFile }))).name).toBe(
    "InvalidParameterException",
  );
});

it("pages link to a client's terms, in the reader's language", async () => {
  const { idp, UserPoolId, ClientId } = pool;
  const given = { UserPoolId, ClientId, TermsName: "terms-of-use", TermsSource: "LINK" as const };
  const made = await idp.createTerms({
    ...given,
    Enforcement: "NONE",
    Links: { "cognito:default": "https://example.com/terms", "cognito:german": "https://example.com/de" },
  });
  expect((await opened()).text).toContain('href="https://example.com/terms"');
  expect((await opened("de")).text).toContain('href="https://example.com/de"');
  const TermsId = made.Terms?.TermsId ?? "";
  expect((await idp.listTerms({ UserPoolId })).Terms).toHaveLength(1);
  const again = {
    ...given,
    Enforcement: "NONE" as const,
    Links: { "cognito:default": "https://example.com" },
  };
  expect((await errorOf(idp.createTerms(again))).name).toBe("TermsExistsException");
  await idp.updateTerms({ UserPoolId, TermsId, Links: { "cognito:default": "https://example.com/new" } });
  expect((await idp.describeTerms({ UserPoolId, TermsId })).Terms?.Links).toEqual({
    "cognito:default": "https://example.com/new",
  });
  await idp.deleteTerms({ UserPoolId, TermsId });
  expect((await opened()).text).not.toContain("Terms of use");
});

it("domains and resource servers are described, changed and taken away", async () => {
  const { idp, UserPoolId } = pool;
  const { DomainDescription } = await idp.describeUserPoolDomain({ Domain: pool.domain });
  expect(DomainDescription).toMatchObject({ UserPoolId, Domain: pool.domain, Status: "ACTIVE" });
  expect((await idp.describeUserPool({ UserPoolId })).UserPool?.Domain).toBe(pool.domain);
  for (const Domain of ["my-aws-pages", "has.dots", pool.domain])
    expect((await errorOf(idp.createUserPoolDomain({ UserPoolId, Domain }))).name).toBe(
      "InvalidParameterException",
    );
  const custom = { UserPoolId, Domain: "auth.example.com" };
  const CertificateArn = "arn:aws:acm:us-east-1:000000000000:certificate/1234";
  await idp.createUserPoolDomain({ ...custom, CustomDomainConfig: { CertificateArn } });
  const there = await fetch(`${cloudkeep.endpoint}/_cognito/us-east-1/auth.example.com/login`);
  expect(there.status).toBe(400);
  expect((await errorOf(idp.deleteUserPool({ UserPoolId }))).message).toContain("has a domain configured");
  await idp.updateUserPoolDomain({ UserPoolId, Domain: pool.domain, ManagedLoginVersion: 2 });
  await idp.deleteUserPoolDomain(custom);
  expect((await idp.describeUserPoolDomain({ Domain: "auth.example.com" })).DomainDescription).toEqual({});
  const server = { UserPoolId, Identifier: "https://orders.example.com", Name: "Orders" };
  await idp.createResourceServer(server);
  expect((await errorOf(idp.createResourceServer(server))).name).toBe("InvalidParameterException");
  await idp.updateResourceServer({ ...server, Scopes: [{ ScopeName: "read", ScopeDescription: "reads" }] });
  const { ResourceServers } = await idp.listResourceServers({ UserPoolId, MaxResults: 10 });
  expect(ResourceServers?.[0]?.Scopes).toEqual([{ ScopeName: "read", ScopeDescription: "reads" }]);
  await idp.deleteResourceServer({ UserPoolId, Identifier: server.Identifier });
  expect(
    (await errorOf(idp.describeResourceServer({ UserPoolId, Identifier: server.Identifier }))).name,
  ).toBe("ResourceNotFoundException");
});
