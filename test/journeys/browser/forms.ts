/** What the pages of both apps share: a form does something, and an output shows what came of it. */

export interface AppConfig {
  endpoint: string;
  region: string;
  userPoolId: string;
  clientId: string;
  identityPoolId: string;
  stream: string;
  /** Of the hosted pages, as a host name with a port. */
  domain: string;
}

export const config = (await (await fetch("/config.json")).json()) as AppConfig;

export function show(id: "state" | "secret", text: string): void {
  (document.getElementById(id) as HTMLOutputElement).value = text;
}

/** What a form does, with the values of its fields; what goes wrong stands in the state. */
export function on(id: string, act: (fields: Record<string, string>) => Promise<string>): void {
  document.getElementById(id)?.addEventListener("submit", (event) => {
    event.preventDefault();
    show("state", "");
    const fields = Object.fromEntries(new FormData(event.target as HTMLFormElement)) as Record<
      string,
      string
    >;
    act(fields).then(
      (state) => show("state", state),
      (error: Error) => show("state", `${error.name}: ${error.message}`),
    );
  });
}
