import type {
  CreateUserPoolClientCommandInput,
  CreateUserPoolCommandInput,
} from "@aws-sdk/client-cognito-identity-provider";
import type { Cloudkeep } from "../../../start.ts";
import { newPool, type TestPool } from "../testing.ts";

/** What tests of the hosted pages share. */

export const callback = "https://app.example.com/callback";

export interface HostedPool extends TestPool {
  /** Where its pages are. */
  base: string;
  domain: string;
}

let serial = 0;

export async function hostedPool(
  cloudkeep: Cloudkeep,
  pool: Partial<CreateUserPoolCommandInput> = {},
  client: Partial<CreateUserPoolClientCommandInput> = {},
): Promise<HostedPool> {
  const made = await newPool(cloudkeep, pool, {
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthFlows: ["code"],
    AllowedOAuthScopes: ["openid", "email", "profile"],
    CallbackURLs: [callback],
    LogoutURLs: ["https://app.example.com/bye"],
    SupportedIdentityProviders: ["COGNITO"],
    ...client,
  });
  serial += 1;
  const domain = `pages-${serial}`;
  await made.idp.createUserPoolDomain({ UserPoolId: made.UserPoolId, Domain: domain });
  const region = made.UserPoolId.split("_")[0];
  return { ...made, domain, base: `${cloudkeep.endpoint}/_cognito/${region}/${domain}` };
}

/** A pool whose users come from a SAML provider alone, so that nobody is asked where to sign in. */
export async function samlPool(
  cloudkeep: Cloudkeep,
  ProviderDetails: Record<string, string>,
): Promise<HostedPool> {
  const pool = await hostedPool(cloudkeep);
  const { UserPoolId, ClientId } = pool;
  await pool.idp.createIdentityProvider({
    UserPoolId,
    ProviderName: "Okta",
    ProviderType: "SAML",
    ProviderDetails,
    AttributeMapping: { email: "mail" },
  });
  await pool.idp.updateUserPoolClient({
    UserPoolId,
    ClientId,
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthFlows: ["code"],
    AllowedOAuthScopes: ["openid", "email"],
    CallbackURLs: [callback],
    SupportedIdentityProviders: ["Okta"],
  });
  return pool;
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? "");
}

/** As much of a browser as the pages take: it keeps cookies, follows redirects here, and fills in forms. */
export class Browser {
  readonly cookies = new Map<string, string>();
  status = 0;
  text = "";
  headers = new Headers();
  url = "";
  /** Where it was sent, outside of Cloudkeep. */
  left = "";

  async open(url: string): Promise<this> {
    return await this.#ask(url, {});
  }

  /** Fills in the form of a step, the first of them; what is hidden in it goes along. */
  async submit(
    step: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<this> {
    const [, action = "", inside = ""] =
      [...this.text.matchAll(/<form method="post" action="([^"]*)"[^>]*>(.*?)<\/form>/gs)].find(
        ([, , one = ""]) => one.includes(`name="step" value="${step}"`),
      ) ?? [];
    const body = new URLSearchParams();
    for (const [, name = "", value = ""] of inside.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g))
      body.set(plain(name), plain(value));
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return await this.#ask(new URL(plain(action), this.url).href, { method: "POST", body }, headers);
  }

  /** Follows the link that says this. */
  async follow(label: string): Promise<this> {
    const links = [...this.text.matchAll(/<a[^>]* href="([^"]*)"[^>]*>([^<]*)<\/a>/g)];
    const [, href = ""] = links.find(([, , text = ""]) => text.includes(label)) ?? [];
    return await this.open(new URL(plain(href), this.url).href);
  }

  async post(url: string, fields: Record<string, string>): Promise<this> {
    return await this.#ask(url, { method: "POST", body: new URLSearchParams(fields) });
  }

  /** The problem that the page tells of. */
  get problem(): string {
    return plain(/<p role="alert"[^>]*>([^<]*)<\/p>/.exec(this.text)?.[1] ?? "");
  }

  get result(): URLSearchParams {
    const { search, hash } = new URL(this.left);
    return new URLSearchParams(hash === "" ? search : hash.slice(1));
  }

  async #ask(url: string, options: RequestInit, headers: Record<string, string> = {}): Promise<this> {
    this.left = "";
    this.url = url;
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, {
      ...options,
      redirect: "manual",
      headers: { ...(cookie !== "" && { cookie }), ...headers },
    });
    for (const one of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(one) ?? [];
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    this.status = answer.status;
    this.headers = answer.headers;
    this.text = await answer.text();
    const to = answer.headers.get("location");
    if (to === null) return this;
    const target = new URL(to, url);
    if (target.hostname !== "127.0.0.1") {
      this.left = target.href;
      return this;
    }
    return await this.#ask(target.href, {});
  }
}
