import type { CreateManagedLoginBrandingCommandInput } from "@aws-sdk/client-cognito-identity-provider";
import { afterAll, beforeAll, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { Browser, callback, type HostedPool, hostedPool } from "./testing.ts";

let cloudkeep: Cloudkeep;

beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');

async function managed(): Promise<HostedPool> {
  const pool = await hostedPool(cloudkeep);
  const { UserPoolId, domain } = pool;
  await pool.idp.updateUserPoolDomain({ UserPoolId, Domain: domain, ManagedLoginVersion: 2 });
  return pool;
}

async function opened({ ClientId, base }: HostedPool): Promise<Browser> {
  const query = new URLSearchParams({ client_id: ClientId, redirect_uri: callback, response_type: "code" });
  return await new Browser().open(`${base}/login?${query}`);
}

const button = (backgroundColor: string) => ({
  components: { primaryButton: { lightMode: { defaults: { backgroundColor } } } },
});

it("a client's style is kept, shown on its pages, and deleted", async () => {
  const pool = await managed();
  const { idp, UserPoolId, ClientId } = pool;
  const made = await idp.createManagedLoginBranding({
    UserPoolId,
    ClientId,
    Settings: button("aa0000ff"),
    Assets: [
      { Category: "FORM_LOGO", ColorMode: "LIGHT", Extension: "PNG", Bytes: png },
      { Category: "PAGE_BACKGROUND", ColorMode: "LIGHT", Extension: "SVG", Bytes: svg },
    ],
  });
  const { ManagedLoginBrandingId } = made.ManagedLoginBranding ?? {};
  expect(made.ManagedLoginBranding).toMatchObject({ UserPoolId, UseCognitoProvidedValues: false });
  const page = await opened(pool);
  expect(page.text).toContain("button{background-color:#aa0000ff}");
  const [logo = ""] = /[^"]*\/brand\?[^"]*/.exec(page.text.slice(page.text.indexOf("<img"))) ?? [];
  const image = await fetch(new URL(logo.replaceAll("&amp;", "&"), pool.base));
  expect(image.headers.get("content-type")).toBe("image/png");
  expect(Buffer.from(await image.arrayBuffer())).toEqual(png);
  const [behind = ""] = /[^"]*\/brand\?[^"]*/.exec(page.text) ?? [];
  const drawing = await fetch(new URL(behind, pool.base));
  expect(drawing.headers.get("content-security-policy")).toContain("sandbox");

  await idp.updateManagedLoginBranding({
    UserPoolId,
    ManagedLoginBrandingId,
    Settings: { componentClasses: { input: { borderRadius: 2 } } },
  });
  const asked = { UserPoolId, ClientId };
  const { ManagedLoginBranding } = await idp.describeManagedLoginBrandingByClient(asked);
  expect(ManagedLoginBranding?.Settings).toEqual({
    ...button("aa0000ff"),
    componentClasses: { input: { borderRadius: 2 } },
  });
  expect(ManagedLoginBranding?.Assets?.[0]?.Bytes).toEqual(new Uint8Array(png));
  const whole = await idp.describeManagedLoginBranding({
    UserPoolId,
    ManagedLoginBrandingId,
    ReturnMergedResources: true,
  });
  expect(whole.ManagedLoginBranding?.Settings).toMatchObject({
    ...button("aa0000ff"),
    categories: { global: { colorSchemeMode: "LIGHT" } },
  });
  await idp.updateManagedLoginBranding({
    UserPoolId,
    ManagedLoginBrandingId,
    UseCognitoProvidedValues: true,
  });
  expect((await opened(pool)).text).not.toContain("aa0000ff");
  expect((await fetch(new URL(logo.replaceAll("&amp;", "&"), pool.base))).status).toBe(404);
  await idp.deleteManagedLoginBranding({ UserPoolId, ManagedLoginBrandingId });
  expect((await errorOf(idp.describeManagedLoginBrandingByClient(asked))).name).toBe(
    "ResourceNotFoundException",
  );
});

it("a client has one style, and classic pages show none", async () => {
  const pool = await hostedPool(cloudkeep);
  const { idp, UserPoolId, ClientId } = pool;
  const given = { UserPoolId, ClientId, Settings: button("bb0000ff") };
  await idp.createManagedLoginBranding(given);
  expect((await errorOf(idp.createManagedLoginBranding(given))).name).toBe(
    "ManagedLoginBrandingExistsException",
  );
  expect((await opened(pool)).text).not.toContain("bb0000ff");
  await idp.deleteUserPoolClient({ UserPoolId, ClientId });
  expect((await errorOf(idp.createManagedLoginBranding(given))).name).toBe("ResourceNotFoundException");
});

const bad: [what: string, given: Partial<CreateManagedLoginBrandingCommandInput>][] = [
  ["a colour that is a style", { Settings: button("red}body{x") }],
  ["what is no part of a style", { Settings: { css: "body{}" } }],
  ["no object", { Settings: ["components"] }],
  ["defaults and settings", { UseCognitoProvidedValues: true, Settings: button("aa0000ff") }],
  [
    "a page as an image",
    {
      Assets: [
        { Category: "FORM_LOGO", ColorMode: "LIGHT", Extension: "PNG", Bytes: Buffer.from("<html></html>") },
      ],
    },
  ],
  ["no image", { Assets: [{ Category: "FORM_LOGO", ColorMode: "LIGHT", Extension: "PNG" }] }],
];

it.each(bad)("a style may not be %s", async (_, given) => {
  const { idp, UserPoolId, ClientId } = await hostedPool(cloudkeep);
  const error = await errorOf(idp.createManagedLoginBranding({ UserPoolId, ClientId, ...given }));
  expect(error.name).toBe("InvalidParameterException");
});
