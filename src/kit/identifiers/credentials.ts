import { isIPv6 } from "node:net";
import { type Detector, keywords } from "./detector.ts";

/**
 * Credentials and addresses of devices.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-sensitive-data-types-credentials.html
 */

const maxKeyCharacters = 16_384;
/** A key's body goes on to the next dash; its last line is taken where it is there. */
const armored = (label: string) =>
  new RegExp(`-----BEGIN ${label}-----[^-]{0,${maxKeyCharacters}}(?:-----END ${label}-----)?`, "g");

const octet = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
const ipv4 = `(?<![\\d.])(?:${octet}\\.){3}${octet}(?!\\d|\\.\\d)`;
const ipv6 = "(?<![A-Za-z0-9_:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,34}(?:(?<=:)[\\d.]{7,15})?(?![A-Za-z0-9_:])";

export const credentials: Record<string, Detector> = {
  AwsSecretKey: {
    form: /(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g,
    check: (value) => /[A-Z]/.test(value) && /[a-z]/.test(value),
    keywords: keywords("aws_secret_access_key,credentials,secret access key,secret key,set-awscredential"),
  },
  OpenSshPrivateKey: { form: armored("OPENSSH PRIVATE KEY") },
  PgpPrivateKey: { form: armored("PGP PRIVATE KEY BLOCK") },
  PkcsPrivateKey: { form: armored("(?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY") },
  PuttyPrivateKey: {
    form: new RegExp(
      `PuTTY-User-Key-File-\\d:(?:(?!PuTTY-User-Key-File)[\\s\\S]){0,${maxKeyCharacters}}?Private-MAC: [0-9a-f]{40,64}`,
      "g",
    ),
  },
  IpAddress: {
    form: new RegExp(`${ipv4}|${ipv6}`, "g"),
    check: (value) => !value.includes(":") || (isIPv6(value) && /[1-9a-f]/i.test(value)),
  },
};
