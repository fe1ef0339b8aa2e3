import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `look` finds something. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not come.`);
    await sleep(20);
  }
}

export interface Listener {
  url: string;
  notifications: string[];
  confirmed(): Promise<void>;
  stop(): void;
}

/** An HTTP endpoint of the security team's own. */
export async function listener(): Promise<Listener> {
  const notifications: string[] = [];
  let link: string | undefined;
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => {
      const message = JSON.parse(body) as { Type: string; SubscribeURL: string; Message: string };
      if (message.Type === "SubscriptionConfirmation") link = message.SubscribeURL;
      else notifications.push(message.Message);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    notifications,
    async confirmed() {
      await fetch(await eventually("The request to confirm the endpoint", async () => link));
    },
    stop: () => void server.close(),
  };
}
