import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  defaultKeyFile,
  defaultRootKeySource,
  newRootKey,
  RootKeyUnavailable,
  rotateKeyFile,
  settleKeyFile,
} from "./rootKey.ts";

describe("the root key", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "cloudkeep-keys-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const request = (create: boolean) => ({
    storeId: "store-1",
    salt: Buffer.from("salt of the store"),
    create,
  });
  const source = (environment: Record<string, string> = {}) =>
    defaultRootKeySource({ environment: { XDG_CONFIG_HOME: dir, ...environment } });
  const file = () => defaultKeyFile("store-1", { XDG_CONFIG_HOME: dir });

  it("is made once, in a file that only its owner may read", async () => {
    const [made] = await source()(request(true));
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "cloudkeep", "keys")).mode & 0o777).toBe(0o700);
    const [again] = await source()(request(false));
    expect(again?.equals(made as NonNullable<typeof made>)).toBe(true);
  });

  it("is never made anew for a store that exists", async () => {
    await expect(source()(request(false))).rejects.toThrow("is missing");
    expect(existsSync(file())).toBe(false);
  });

  it.each([0o640, 0o604, 0o660, 0o644])("is refused from a file of mode %o", async (mode) => {
    await source()(request(true));
    chmodSync(file(), mode);
    await expect(source()(request(false))).rejects.toThrow(RootKeyUnavailable);
    await expect(source()(request(false))).rejects.toThrow(`chmod 600 ${file()}`);
  });

  it("comes from CLOUDKEEP_ROOT_KEY", async () => {
    const key = newRootKey();
    const [found] = await source({ CLOUDKEEP_ROOT_KEY: key.export().toString("base64") })(request(true));
    expect(found?.equals(key)).toBe(true);
    expect(existsSync(file())).toBe(false);
  });

  it.each(["c2hvcnQ=", "not base64 at all, but a long text that nobody may see", ` ${"A".repeat(44)}`])(
    "refuses a malformed key without repeating it: %j",
    async (CLOUDKEEP_ROOT_KEY) => {
      const failure = await source({ CLOUDKEEP_ROOT_KEY })(request(true)).catch((error: Error) => error);
      expect(failure).toBeInstanceOf(RootKeyUnavailable);
      expect((failure as Error).message).not.toContain(CLOUDKEEP_ROOT_KEY.trim());
    },
  );

  it("comes from a passphrase and the store's salt", async () => {
    const derive = async (passphrase: string, salt: string) => {
      const [key] = await source({ CLOUDKEEP_PASSPHRASE: passphrase })({
        ...request(true),
        salt: Buffer.from(salt),
      });
      return key?.export().toString("hex");
    };
    const key = await derive("a long passphrase", "salt");
    expect(await derive("a long passphrase", "salt")).toBe(key);
    expect(await derive("a long passphrase", "other")).not.toBe(key);
    await expect(derive("short", "salt")).rejects.toThrow("at least 12");
  });

  it("is not taken from two places", async () => {
    const both = source({ CLOUDKEEP_PASSPHRASE: "a long passphrase", CLOUDKEEP_ROOT_KEY: "x" });
    await expect(both(request(true))).rejects.toThrow("not both");
  });

  it("is rotated so that one of the two files always opens the store", async () => {
    const [old] = await source()(request(true));
    let used = old as NonNullable<typeof old>;
    await rotateKeyFile(file(), async (next) => {
      const candidates = await source()(request(false));
      expect(candidates.map((key) => key.equals(used))).toEqual([true, false]);
      expect(candidates[1]?.equals(next)).toBe(true);
      used = next;
    });
    expect((await source()(request(false))).map((key) => key.equals(used))).toEqual([true]);

    for (const taken of [false, true]) {
      const failing = rotateKeyFile(file(), async (next) => {
        if (taken) used = next;
        throw new Error("cut short");
      });
      await expect(failing).rejects.toThrow("cut short");
      settleKeyFile(file(), (key) => key.equals(used));
      expect((await source()(request(false))).map((key) => key.equals(used))).toEqual([true]);
    }
  });

  it("does not appear in errors about its file", async () => {
    await source()(request(true));
    const content = readFileSync(file(), "utf8").trim();
    writeFileSync(file(), `${content}${content}`);
    const failure = await source()(request(false)).catch((error: Error) => error);
    expect((failure as Error).message).not.toContain(content.slice(0, 8));
  });
});
