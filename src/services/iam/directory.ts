import type { IdentityDirectory } from "../../kit/service.ts";
import { useMfaCode } from "./mfaDevices.ts";
import { policyDocument } from "./principals.ts";
import { accessKeys, roles } from "./tables.ts";

/** What IAM tells the services that make sessions of its roles and providers. */
export const directory: IdentityDirectory = {
  async findRole(arn, tx) {
    const match = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn);
    const role = match && (await roles.get(tx, match[1] as string, (match[2] as string).toLowerCase()));
    if (!role || role.arn !== arn) return undefined;
    const { roleName, roleId, trustPolicy, maxSessionDuration, tags } = role;
    const account = match[1] as string;
    return {
      arn,
      account,
      roleName,
      roleId,
      trustPolicy,
      maxSessionDurationSeconds: maxSessionDuration,
      tags,
    };
  },
  async findProvider() {
    return undefined;
  },
  async findOidcProvider() {
    return undefined;
  },
  useMfaCode,
  policyDocument,
  async accountOfKey(accessKeyId, tx) {
    return (await accessKeys.get(tx, accessKeyId))?.account;
  },
};
