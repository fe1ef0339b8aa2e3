/** As much of a browser as signing in takes: it keeps cookies, follows redirects, and fills in the forms of a page. */
export class Browser {
  readonly cookies = new Map<string, string>();
  status = 0;
  text = "";
  headers = new Headers();
  /** All that came since the last visit began. */
  setCookies: string[] = [];
  readonly #endpoint: string;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  async open(query = ""): Promise<void> {
    this.setCookies = [];
    await this.#ask(`/signin${query}`, {});
  }

  /** The hidden token of one of the page's forms. */
  token(step: string): string {
    return (
      new RegExp(`name="step" value="${step}">\\s*<input type="hidden" name="token" value="([^"]+)"`).exec(
        this.text,
      )?.[1] ?? ""
    );
  }

  async submit(
    step: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<void> {
    await this.post({ step, token: this.token(step), ...fields }, headers);
  }

  async post(fields: Record<string, string>, headers: Record<string, string> = {}): Promise<void> {
    this.setCookies = [];
    await this.#ask("/signin", { method: "POST", body: new URLSearchParams(fields) }, headers);
  }

  async #ask(path: string, options: RequestInit, headers: Record<string, string> = {}): Promise<void> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(`${this.#endpoint}${path}`, {
      ...options,
      redirect: "manual",
      headers: { "user-agent": "a browser", ...(cookie !== "" && { cookie }), ...headers },
    });
    this.setCookies.push(...answer.headers.getSetCookie());
    for (const one of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(one) ?? [];
      if (value === "" || one.includes("Max-Age=0")) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    this.status = answer.status;
    this.headers = answer.headers;
    this.text = await answer.text();
    const to = answer.headers.get("location");
    if (answer.status === 303 && to !== null) await this.#ask(to, {});
  }
}
