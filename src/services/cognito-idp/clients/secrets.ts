import { randomBytes } from "node:crypto";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf } from "../pools/poolRow.ts";
import { invalid, notFound } from "../refusals.ts";
import { clients } from "../tables.ts";
import type { ClientSecret } from "./clientRow.ts";
import { existingClient } from "./find.ts";

/** Secrets of clients: two at a time, so that one can be replaced while the other is in use. */

const maxSecrets = 2;
const secretBytes = 32;

/** 52 letters and digits, as AWS's are, of 256 random bits. */
function generated(): string {
  return BigInt(`0x${randomBytes(secretBytes).toString("hex")}`)
    .toString(36)
    .padStart(52, "0");
}

export function newSecret(clientId: string, given: string | undefined, nowMs: number): ClientSecret {
  return { id: `${clientId}--${nowMs}`, value: given ?? generated(), createdMs: nowMs };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddUserPoolClientSecret.html */
export const addUserPoolClientSecret = idp.operation("AddUserPoolClientSecret", {
  access: onPool("AddUserPoolClientSecret"),
  async handle({ UserPoolId, ClientId, ClientSecret }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const client = await existingClient(UserPoolId, ClientId, ctx);
    if (client.secrets.length === 0) throw invalid("The client is not configured with a secret.");
    if (client.secrets.length >= maxSecrets)
      throw ctx.error("LimitExceededException", `A client cannot have more than ${maxSecrets} secrets.`);
    // Ids are by time: two within a millisecond must differ.
    const latest = Math.max(...client.secrets.map(({ createdMs }) => createdMs));
    const secret = newSecret(ClientId, ClientSecret, Math.max(ctx.clock.now(), latest + 1));
    clients.put(ctx.tx, [...keyOf(pool), ClientId], { ...client, secrets: [...client.secrets, secret] });
    return {
      ClientSecretDescriptor: {
        ClientSecretId: secret.id,
        ...(ClientSecret === undefined && { ClientSecretValue: secret.value }),
        ClientSecretCreateDate: new Date(secret.createdMs),
      },
    };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserPoolClientSecret.html */
export const deleteUserPoolClientSecret = idp.operation("DeleteUserPoolClientSecret", {
  access: onPool("DeleteUserPoolClientSecret"),
  async handle({ UserPoolId, ClientId, ClientSecretId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const client = await existingClient(UserPoolId, ClientId, ctx);
    const secrets = client.secrets.filter(({ id }) => id !== ClientSecretId);
    if (secrets.length === client.secrets.length)
      throw notFound(`Client secret ${ClientSecretId} does not exist.`);
    if (secrets.length === 0) throw invalid("The only secret of a client cannot be deleted.");
    clients.put(ctx.tx, [...keyOf(pool), ClientId], { ...client, secrets });
    return {};
  },
});

/** Their values are not shown. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClientSecrets.html */
export const listUserPoolClientSecrets = idp.operation("ListUserPoolClientSecrets", {
  access: onPool("ListUserPoolClientSecrets"),
  async handle({ UserPoolId, ClientId }, ctx) {
    await existingPool(UserPoolId, ctx);
    const { secrets } = await existingClient(UserPoolId, ClientId, ctx);
    return {
      ClientSecrets: secrets.map(({ id, createdMs }) => ({
        ClientSecretId: id,
        ClientSecretCreateDate: new Date(createdMs),
      })),
    };
  },
});
