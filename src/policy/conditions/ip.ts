import { constantOf } from "../variables.ts";
import { anyOf, nothing, type OperatorFamily, type ValueTest } from "./values.ts";

/**
 * `IpAddress`: an IPv4 or IPv6 address or CIDR range; no variables. An address without a prefix length is that
 * one address.
 */
export const ipAddress: OperatorFamily = (values) => {
  const tests = values
    .map((template) => compileRange(constantOf(template) ?? ""))
    .filter((test) => test !== undefined);
  return tests.length === 0 ? nothing : anyOf(tests);
};

function compileRange(text: string): ValueTest | undefined {
  const slash = text.indexOf("/");
  const base = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (base === undefined) return undefined;
  const bits = base.length * 16;
  const length = slash < 0 ? bits : prefixLength(text.slice(slash + 1), bits);
  if (length === undefined) return undefined;
  return (value) => {
    const address = parseIp(value);
    return address !== undefined && address.length === base.length && samePrefix(address, base, length);
  };
}

function prefixLength(text: string, bits: number): number | undefined {
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const length = Number(text);
  return length <= bits ? length : undefined;
}

function samePrefix(address: number[], base: number[], length: number): boolean {
  let left = length;
  for (let at = 0; left > 0; at += 1, left -= 16) {
    const mask = left >= 16 ? 0xffff : 0xffff & ~(0xffff >> left);
    if (((address[at] as number) & mask) !== ((base[at] as number) & mask)) return false;
  }
  return true;
}

/**
 * An address as groups of 16 bits: two for IPv4, eight for IPv6. An IPv4 address mapped into IPv6
 * (`::ffff:203.0.113.9`, as a dual-stack socket reports its peer) is the IPv4 address, so that an IPv4 range
 * holds for it.
 */
export function parseIp(text: string): number[] | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  const groups = parseIpv6(text);
  const isMapped = groups?.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? groups?.slice(6) : groups;
}

function parseIpv4(text: string): number[] | undefined {
  let value = 0;
  let octet = -1;
  let dots = 0;
  const groups: number[] = [];
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : 0x2e;
    if (code === 0x2e) {
      if (octet < 0 || dots === 4) return undefined;
      value = (value << 8) | octet;
      octet = -1;
      dots += 1;
      if (dots % 2 === 0) {
        groups.push(value);
        value = 0;
      }
    } else {
      if (code < 0x30 || code > 0x39) return undefined;
      octet = (octet < 0 ? 0 : octet * 10) + code - 0x30;
      if (octet > 255) return undefined;
    }
  }
  return dots === 4 ? groups : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] as string);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  const tail = parseGroups(halves[1] as string);
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    if (at === parts.length - 1 && part.includes(".")) {
      const embedded = parseIpv4(part);
      if (embedded === undefined) return undefined;
      groups.push(...embedded);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}
