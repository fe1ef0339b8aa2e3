import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, launch, type Page } from "puppeteer-core";

/** A page of its own origin, and a browser that shows it. */

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a browser is on this machine; undefined, and said so, where there is none. */
export function browserPath(): string | undefined {
  const found = places.find((path) => existsSync(path));
  if (found === undefined) console.warn(`Skipped: there is no browser at ${places.join(", ")}.`);
  return found;
}

export function launchBrowser(executablePath: string): Promise<Browser> {
  // Chromium's own sandbox does not start for root, as in CI; the only page that it shows is ours.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"];
  return launch({ executablePath, args, headless: true, acceptInsecureCerts: true });
}

const local = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function bundled(script: string): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [local(script)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    define: { global: "globalThis" },
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}

export interface Site {
  url: string;
  close(): void;
}

/** Serves the page with one of the scripts beside this file; `config` is asked anew for each page that loads. */
export async function serveSite(name: string, config: () => object): Promise<Site> {
  const script = await bundled(name);
  const page = readFileSync(local("index.html"));
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/config.json") response.end(JSON.stringify(config()));
    else if (pathname === "/page.js") {
      response.writeHead(200, { "content-type": "text/javascript" });
      response.end(script);
    } else if (pathname === "/") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      response.end(page);
    } else {
      response.writeHead(404);
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://localhost:${port}/`, close: () => void server.close() };
}

/** Fills a form in and sends it; what the page says then. */
export async function submit(page: Page, form: string, fields: Record<string, string>): Promise<string> {
  for (const [name, value] of Object.entries(fields)) {
    const field = await page.waitForSelector(`#${form} [name=${name}]`);
    await field?.evaluate((input) => {
      (input as unknown as { value: string }).value = "";
    });
    await field?.type(value);
  }
  await page.click(`#${form} button`);
  return await textOf(page, "state");
}

/** What an output of the page shows, once it shows something. */
export async function textOf(page: Page, id: string): Promise<string> {
  const shown = await page.waitForFunction(
    (name) => {
      const { document } = globalThis as unknown as {
        document: { getElementById(id: string): { value: string } | null };
      };
      return document.getElementById(name)?.value || undefined;
    },
    { timeout: 20_000 },
    id,
  );
  return (await shown.jsonValue()) as string;
}
