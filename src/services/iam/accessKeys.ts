import { randomText, uniqueId } from "../../kit/ids.ts";
import type { BootstrapContext } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { accessKeys, userKeys } from "./tables.ts";
import { findUser, userAccess } from "./users.ts";

const maxKeysPerUser = 2;

/** Makes a long-term key. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html */
export const createAccessKey = iam.operation("CreateAccessKey", {
  access: ({ UserName }, ctx) => userAccess("CreateAccessKey", UserName, ctx),
  async handle({ UserName }, ctx) {
    const name = UserName ?? ctx.caller.userName;
    const owner = name === undefined ? undefined : (await findUser(name, ctx)).userName;
    const ownerKey = owner?.toLowerCase() ?? "";
    const held = await userKeys.list(ctx.tx, [ctx.account, ownerKey]);
    if (held.length >= maxKeysPerUser) {
      throw ctx.error("LimitExceededException", `Cannot exceed quota for AccessKeysPerUser: ${maxKeysPerUser}`);
    }
    const createDate = ctx.clock.now();
    const accessKeyId = uniqueId("AKIA").slice(0, 20);
    const secretAccessKey = randomText(40, "base64");
    accessKeys.put(ctx.tx, [accessKeyId], {
      accessKeyId,
      account: ctx.account,
      ...(owner !== undefined && { userName: owner }),
      secretAccessKey,
      status: "Active",
      createDate,
    });
    userKeys.put(ctx.tx, [ctx.account, ownerKey, accessKeyId], { createDate });
    return {
      AccessKey: {
        UserName: owner ?? "",
        AccessKeyId: accessKeyId,
        Status: "Active" as const,
        SecretAccessKey: secretAccessKey,
        CreateDate: new Date(createDate),
      },
    };
  },
});

/** The home account's root key: what the operator was given at start replaces what stood there before. */
export async function makeRootKey({ tx, account, clock, rootCredentials }: BootstrapContext): Promise<void> {
  const { accessKeyId, secretAccessKey } = rootCredentials;
  const known = await accessKeys.get(tx, accessKeyId);
  if (known?.secretAccessKey === secretAccessKey && known.account === account && known.userName === undefined) return;
  for (const { key } of await userKeys.list(tx, [account, ""])) {
    accessKeys.delete(tx, key[2]);
    userKeys.delete(tx, ...key);
  }
  const createDate = clock.now();
  accessKeys.put(tx, [accessKeyId], { accessKeyId, account, secretAccessKey, status: "Active", createDate });
  userKeys.put(tx, [account, "", accessKeyId], { createDate });
}
