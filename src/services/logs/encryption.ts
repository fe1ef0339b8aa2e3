import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { groupArn } from "./access.ts";
import { type Chunk, type DataKey, decodeChunk, keyNumberOf, openChunk } from "./store/chunk.ts";
import type { GroupEncryption, GroupRow } from "./tables.ts";

/**
 * Lines of a group with a KMS key are sealed under a data key of it. Each call that needs the data key asks KMS for
 * it, as the service principal of the Region: so disabling the key, or taking the service off its policy, ends reads
 * and writes at once. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */

interface Owner {
  account: string;
  region: string;
}

/** The group's account and Region; its ARN has both. */
export function ownerOf({ arn }: Pick<GroupRow, "arn">): Owner {
  const [, , , region = "", account = ""] = arn.split(":");
  return { account, region };
}

async function askKms(
  operation: "GenerateDataKey" | "Decrypt",
  input: Record<string, unknown>,
  name: string,
  owner: Owner,
  ctx: Context,
): Promise<Record<string, unknown>> {
  const arn = groupArn(owner, name);
  const as = servicePrincipal(`logs.${owner.region}.amazonaws.com`, {
    sourceArn: arn,
    sourceAccount: owner.account,
  });
  try {
    return await ctx.call(
      "kms",
      operation,
      { ...input, EncryptionContext: { "aws:logs:arn": arn } },
      { as, account: owner.account, region: owner.region },
    );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw ctx.error(
      "AccessDeniedException",
      `The specified KMS key does not exist or is not allowed to be used with Arn '${arn}'`,
    );
  }
}

/** A group's encryption after a KMS key is associated with it: what is new is sealed under a fresh data key. */
export async function associated(
  held: GroupEncryption | undefined,
  kmsKeyArn: string,
  name: string,
  owner: Owner,
  ctx: Context,
): Promise<GroupEncryption> {
  const answer = await askKms("GenerateDataKey", { KeyId: kmsKeyArn, KeySpec: "AES_256" }, name, owner, ctx);
  const current = Object.keys(held?.dataKeys ?? {}).length + 1;
  const blob = Buffer.from(answer.CiphertextBlob as Uint8Array).toString("base64");
  return {
    kmsKeyArn: answer.KeyId as string,
    current,
    dataKeys: { ...held?.dataKeys, [current]: blob },
  };
}

/** What opens and seals the lines of one group during one call; each data key is asked for once. */
export class GroupKeys {
  readonly #group: GroupRow;
  readonly #ctx: Context;
  readonly #keys = new Map<number, Promise<Uint8Array>>();

  constructor(group: GroupRow, ctx: Context) {
    this.#group = group;
    this.#ctx = ctx;
  }

  /** The key for new lines; undefined if the group has none. */
  async current(): Promise<DataKey | undefined> {
    const number = this.#group.encryption?.current;
    return number === undefined ? undefined : { number, key: await this.#key(number) };
  }

  async open(value: Uint8Array, place: string): Promise<Chunk> {
    const number = keyNumberOf(value);
    return await decodeChunk(openChunk(value, place, number === 0 ? undefined : await this.#key(number)));
  }

  #key(number: number): Promise<Uint8Array> {
    let key = this.#keys.get(number);
    if (key === undefined) {
      key = this.#ask(number);
      this.#keys.set(number, key);
    }
    return key;
  }

  async #ask(number: number): Promise<Uint8Array> {
    const { encryption, name } = this.#group;
    const blob = encryption?.dataKeys[number];
    if (blob === undefined) throw new Error(`The log group lacks its data key ${number}.`);
    const input = { CiphertextBlob: Buffer.from(blob, "base64") };
    const { Plaintext } = await askKms("Decrypt", input, name, ownerOf(this.#group), this.#ctx);
    return Plaintext as Uint8Array;
  }
}
