import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { textOf, type Value } from "./values.ts";

/** Functions on IP addresses. */

const families = ["ipv4", "ipv6"] as const;
type Family = (typeof families)[number];

function listOf(...subnets: string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = "", bits = ""] = subnet.split("/");
    list.addSubnet(address, Number(bits), isIPv6(address) ? "ipv6" : "ipv4");
  }
  return list;
}

/** RFC 1918, and its like of IPv6. */
const privateAddresses = listOf("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7");
/** https://www.iana.org/assignments/iana-ipv4-special-registry/ */
const reservedAddresses = listOf(
  "0.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/128",
  "::1/128",
  "2001:db8::/32",
  "fe80::/10",
  "ff00::/8",
);

function isIn(list: BlockList, text: string): boolean {
  return isIP(text) !== 0 && list.check(text, isIPv6(text) ? "ipv6" : "ipv4");
}

/** Subnets of one query are few, and asked for with every line. */
const subnets = new Map<string, BlockList | undefined>();
const maxSubnets = 200;

function subnetOf(cidr: string): BlockList | undefined {
  if (subnets.has(cidr)) return subnets.get(cidr);
  const [address = "", bits = ""] = cidr.split("/");
  const valid = isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv6(address) ? 128 : 32);
  const list = valid ? listOf(cidr) : undefined;
  if (subnets.size >= maxSubnets) subnets.clear();
  subnets.set(cidr, list);
  return list;
}

function inSubnet(address: Value, cidr: Value, family?: Family): boolean {
  const text = textOf(address) ?? "";
  const subnet = textOf(cidr) ?? "";
  if (family === "ipv4" && !isIPv4(text)) return false;
  if (family === "ipv6" && !isIPv6(text)) return false;
  const list = subnetOf(subnet);
  return list !== undefined && isIn(list, text);
}

function numberOfAddress(text: string): number | undefined {
  if (!isIPv4(text)) return undefined;
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

const one = (test: (text: string) => Value) => (value: Value) => test(textOf(value) ?? "");

export const addressFunctions: Readonly<Record<string, (...args: Value[]) => Value>> = {
  isvalidip: one((text) => isIP(text) !== 0),
  isvalidipv4: one(isIPv4),
  isvalidipv6: one(isIPv6),
  isipinsubnet: (address, cidr) => inSubnet(address, cidr),
  isipv4insubnet: (address, cidr) => inSubnet(address, cidr, "ipv4"),
  isipv6insubnet: (address, cidr) => inSubnet(address, cidr, "ipv6"),
  ipv4tonumber: one(numberOfAddress),
  isprivateip: one((text) => isIn(privateAddresses, text)),
  isreservedip: one((text) => isIn(reservedAddresses, text)),
  ispublicip: one(
    (text) => isIP(text) !== 0 && !isIn(privateAddresses, text) && !isIn(reservedAddresses, text),
  ),
};
