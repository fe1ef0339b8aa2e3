import type { OrganizationDirectory, OrganizationEntity, OrganizationFacts } from "../../kit/ports.ts";
import type { Transaction } from "../../storage/store.ts";
import { managedPolicies } from "./managedPolicies.ts";
import { membershipOf, pathText, pathTo } from "./membership.ts";
import { children, delegations, nodes, policies, serviceAccess } from "./tables.ts";

/** What other services ask of Organizations. */
export const directory: OrganizationDirectory = { of, entity, policyDocument };

async function of(account: string, tx: Transaction): Promise<OrganizationFacts | undefined> {
  const membership = await membershipOf(account, { tx });
  if (membership === undefined) return undefined;
  const { id, managementAccount } = membership.organization;
  const trusted = await serviceAccess.list(tx, [id]);
  const delegated = await delegations.list(tx, [id, account]);
  return {
    id,
    managementAccount,
    path: pathText(id, await pathTo(id, account, { tx })),
    trustedServices: trusted.map(({ key }) => key[1]),
    delegatedServices: delegated.map(({ key }) => key[2]),
  };
}

async function entity(path: string, tx: Transaction): Promise<OrganizationEntity | undefined> {
  const [id = "", ...places] = path.split("/").filter((part) => part !== "");
  const nodesTo = await pathTo(id, places.at(-1) ?? "", { tx });
  if (nodesTo.length === 0 || nodesTo.map((node) => node.id).join("/") !== places.join("/")) return undefined;
  const enforced = nodesTo[0]?.enabled?.includes("SERVICE_CONTROL_POLICY");
  const documents = async (ids: readonly string[]) =>
    (await Promise.all(ids.map((each) => policyDocument(id, each, tx)))).filter((text) => text !== undefined);
  const scps = await Promise.all(
    nodesTo.map((node) => documents(node.policies.SERVICE_CONTROL_POLICY ?? [])),
  );
  return { accounts: await accountsBelow(id, places.join("/"), tx), ...(enforced && { scps }) };
}

/** Accounts at or below a place. */
async function accountsBelow(
  organizationId: string,
  place: string,
  tx: Transaction,
): Promise<{ account: string; path: string }[]> {
  const id = place.slice(place.lastIndexOf("/") + 1);
  const node = await nodes.get(tx, organizationId, id);
  if (node?.kind === "ACCOUNT") return [{ account: id, path: `${organizationId}/${place}` }];
  const below = await children.list(tx, [organizationId, id]);
  const found = below.map(({ key }) => accountsBelow(organizationId, `${place}/${key[2]}`, tx));
  return (await Promise.all(found)).flat();
}

async function policyDocument(
  organizationId: string,
  policyId: string,
  tx: Transaction,
): Promise<string | undefined> {
  return (managedPolicies.get(policyId) ?? (await policies.get(tx, organizationId, policyId)))?.content;
}
