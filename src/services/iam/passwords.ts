import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** Passwords are kept as salted scrypt hashes, worked out off the main thread. */

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);
/** RFC 7914: 16 MiB, about 50 ms. */
const cost = { N: 2 ** 14, r: 8, p: 1, maxmem: 2 ** 26 };
const hashBytes = 32;
const saltBytes = 16;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, hashBytes, cost);
  return `${salt.toString("base64url")}.${hash.toString("base64url")}`;
}

export async function isPassword(password: string, kept: string): Promise<boolean> {
  const [salt = "", hash = ""] = kept.split(".").map((part) => Buffer.from(part, "base64url"));
  const given = await derive(password, salt as Buffer, hashBytes, cost);
  return given.length === hash.length && timingSafeEqual(given, hash as Buffer);
}

/** The hash of no password: to judge one where there is none takes as long as where there is. */
export const noPasswordHash = [saltBytes, hashBytes]
  .map((bytes) => Buffer.alloc(bytes).toString("base64url"))
  .join(".");
