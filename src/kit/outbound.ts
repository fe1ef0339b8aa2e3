import { lookup as dnsLookup, type LookupAddress } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";

/**
 * Requests to hosts that customers name: subscribers, API destinations. The address is checked where the connection is
 * made, so that a name cannot mean one address when it is checked and another when it is used. Redirects are never
 * followed.
 */

export interface OutboundRequest {
  url: string;
  method: string;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer;
  timeoutMs: number;
}

export interface OutboundAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** No more than the first `maxAnswerBytes`. */
  body: string;
}

const maxAnswerBytes = 256 * 1024;

/** Where nothing that a customer names may lie: machines hand out their own credentials there. */
const forbidden = new BlockList();
for (const [address, bits] of [
  ["169.254.0.0", 16],
  ["0.0.0.0", 8],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  ["100.100.100.200", 32],
] as const)
  forbidden.addSubnet(address, bits, "ipv4");
for (const [address, bits] of [
  ["fe80::", 10],
  ["ff00::", 8],
  ["fd00:ec2::254", 128],
  ["::", 128],
  // Translation to IPv4, which would hide the address that is meant: NAT64, and 6to4 of link-local addresses.
  ["64:ff9b::", 96],
  ["2002:a9fe::", 32],
] as const)
  forbidden.addSubnet(address, bits, "ipv6");

/** Whether requests to an address are refused: link-local, metadata services, multicast, unspecified. */
export function isForbidden(address: string): boolean {
  // IPv4 within IPv6 (::ffff:…) is held against the rules of IPv4 too.
  return forbidden.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** The host's address is one that requests are refused to. */
export class ForbiddenAddress extends Error {}

const guardedLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, found) => {
    const addresses = found as unknown as LookupAddress[];
    if (error) return callback(error, "", 0);
    const bad = addresses.find(({ address }) => isForbidden(address));
    if (bad !== undefined) return callback(new ForbiddenAddress(`${hostname} is at ${bad.address}`), "", 0);
    if (options.all) return callback(null, addresses);
    const [first] = addresses as [LookupAddress];
    callback(null, first.address, first.family);
  });
};

/** Sends one request. Throws `ForbiddenAddress`, or what kept it from being answered in time. */
export function send({ url, method, headers, body, timeoutMs }: OutboundRequest): Promise<OutboundAnswer> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && isForbidden(host)) return Promise.reject(new ForbiddenAddress(host));
  if (target.protocol !== "http:" && target.protocol !== "https:")
    return Promise.reject(new TypeError("Only http and https URLs are asked."));
  const make = target.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = make(target, {
      method,
      headers,
      lookup: guardedLookup,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      const done = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces).toString("utf8", 0, maxAnswerBytes),
        });
      response.on("data", (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes < maxAnswerBytes) return;
        done();
        request.destroy();
      });
      response.on("end", done);
      response.on("error", reject);
    });
    request.end(body);
  });
}
