import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ForbiddenAddress, isForbidden, send } from "./outbound.ts";

const names = vi.hoisted(() => new Map<string, string[]>());
vi.mock("node:dns", () => ({
  lookup: (name: string, _: unknown, done: (error: Error | null, found: unknown) => void) => {
    const addresses = names.get(name);
    if (addresses === undefined) return done(new Error(`${name} is unknown`), []);
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  },
}));

const servers: Server[] = [];
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const ask = (url: string, timeoutMs = 5_000) =>
  send({ url, method: "POST", headers: {}, body: "", timeoutMs });

describe("addresses", () => {
  it.each([
    "169.254.169.254",
    "169.254.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "fe80::1",
    "fd00:ec2::254",
    "::",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
  ])("%s is refused", (address) => {
    expect(isForbidden(address)).toBe(true);
  });

  it.each(["127.0.0.1", "10.0.0.1", "192.168.1.1", "203.0.113.5", "::1", "2001:db8::1", "::ffff:10.0.0.1"])(
    "%s is not",
    (address) => {
      expect(isForbidden(address)).toBe(false);
    },
  );

  it.each([
    "http://169.254.169.254/latest/meta-data",
    "http://2852039166/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://[::ffff:169.254.169.254]/",
    "http://0/",
  ])("%s is not asked", async (url) => {
    await expect(ask(url)).rejects.toThrow(ForbiddenAddress);
  });

  it("a name is judged by what it resolves to where the connection is made, all of it", async () => {
    names.set("metadata.example.com", ["169.254.169.254"]);
    names.set("both.example.com", ["203.0.113.5", "fe80::1"]);
    await expect(ask("http://metadata.example.com/")).rejects.toThrow(ForbiddenAddress);
    await expect(ask("http://both.example.com/")).rejects.toThrow(ForbiddenAddress);
  });

  it("only HTTP is spoken", async () => {
    await expect(ask("ftp://127.0.0.1/")).rejects.toThrow("Only http and https");
    await expect(ask("file:///etc/passwd")).rejects.toThrow();
  });
});

describe("answers", () => {
  it("that redirect are not followed", async () => {
    const asked: (string | undefined)[] = [];
    const url = await serve(({ url: path }, response) => {
      asked.push(path);
      response.writeHead(302, { location: "http://169.254.169.254/" }).end();
    });
    expect((await ask(`${url}/first`)).status).toBe(302);
    expect(asked).toEqual(["/first"]);
  });

  it("that never come, or never end, are given up", async () => {
    const silent = await serve(() => {});
    await expect(ask(silent, 100)).rejects.toThrow();
    const timers = new Set<NodeJS.Timeout>();
    const dripping = await serve((_, response) => {
      response.writeHead(200);
      timers.add(setInterval(() => response.write("."), 10));
    });
    await expect(ask(dripping, 100)).rejects.toThrow();
    for (const timer of timers) clearInterval(timer);
  });

  it("that are endless are read no further than 256 KB", async () => {
    const url = await serve((_, response) => {
      const more = () => {
        while (response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    });
    expect((await ask(url)).body).toHaveLength(256 * 1024);
  });
});
