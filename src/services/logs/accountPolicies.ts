import type { AccountPolicy, Processor } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { type Page, pageOfList } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { accountFilterOf } from "./accountFilters.ts";
import {
  type AccountPolicyRow,
  type AccountPolicyType,
  accountPolicies,
  policyKey,
  type Selection,
} from "./accountPolicyTables.ts";
import { logs } from "./contract.ts";
import { prepareFindings } from "./dataProtection.ts";
import { checkIndexDocument } from "./indexDocument.ts";
import { logsPage } from "./pages.ts";
import { readDocument } from "./protection/document.ts";
import { beginProtection, endProtection, ofAccount } from "./protection/versions.ts";
import {
  beginTransformer,
  endTransformer,
  ofAccount as transformersOfAccount,
} from "./transform/versions.ts";
import { checkTransformer } from "./transformers.ts";

/**
 * Policies for all of an account's log groups, or many of them.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutAccountPolicy.html
 */

type Errors = "InvalidParameterException" | "LimitExceededException";

interface Kind {
  /** How many an account may have. */
  max: number;
  /** What else the caller must be allowed to do. */
  actions: { put: string; get: string; delete: string };
  /** Sees that a document is one, and what it needs is there. */
  begin(row: AccountPolicyRow, ctx: Context<Errors>): Promise<void>;
  end?(row: AccountPolicyRow, ctx: Context): Promise<unknown>;
}

const kinds: Record<AccountPolicyType, Kind> = {
  DATA_PROTECTION_POLICY: {
    max: 1,
    actions: {
      put: "PutDataProtectionPolicy",
      get: "GetDataProtectionPolicy",
      delete: "DeleteDataProtectionPolicy",
    },
    async begin({ policyDocument }, ctx) {
      const protection = await readDocument(policyDocument, ctx);
      await prepareFindings(protection.destinations, ctx);
      await beginProtection(ofAccount, policyDocument, protection, ctx);
    },
    end: (_, ctx) => endProtection(ofAccount, ctx),
  },
  SUBSCRIPTION_FILTER_POLICY: {
    max: 1,
    actions: {
      put: "PutSubscriptionFilter",
      get: "DescribeSubscriptionFilters",
      delete: "DeleteSubscriptionFilter",
    },
    async begin(row, ctx) {
      await accountFilterOf(row, ctx);
    },
  },
  FIELD_INDEX_POLICY: {
    max: 20,
    actions: { put: "PutIndexPolicy", get: "DescribeIndexPolicies", delete: "DeleteIndexPolicy" },
    async begin({ policyDocument }, ctx) {
      checkIndexDocument(policyDocument, ctx);
    },
  },
  TRANSFORMER_POLICY: {
    max: 20,
    actions: { put: "PutTransformer", get: "GetTransformer", delete: "DeleteTransformer" },
    begin: beginAccountTransformer,
    end: ({ policyName }, ctx) => endTransformer(transformersOfAccount, policyName, ctx),
  },
};

async function beginAccountTransformer(
  { policyName, policyDocument, selection }: AccountPolicyRow,
  ctx: Context<Errors>,
): Promise<void> {
  const config = processorsIn(policyDocument);
  if (config === undefined) {
    throw ctx.error("InvalidParameterException", "Invalid policy document for a transformer policy.");
  }
  await checkTransformer(config, ctx);
  await beginTransformer(transformersOfAccount, { config, policyName, selection }, ctx);
}

/** The document is a list of processors, as PutTransformer takes it. */
function processorsIn(text: string): Processor[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    const isList = Array.isArray(list) && list.every((one) => typeof one === "object" && one !== null);
    return isList && list.length > 0 && list.length <= maxProcessors ? (list as Processor[]) : undefined;
  } catch {
    return undefined;
  }
}

const maxProcessors = 20;

function kindOf(policyType: string): Kind | undefined {
  return Object.hasOwn(kinds, policyType) ? kinds[policyType as AccountPolicyType] : undefined;
}

function access(verb: "put" | "get" | "delete", action: string, policyType: string): Access[] {
  const more = kindOf(policyType)?.actions[verb];
  const actions = more === undefined ? [action] : [action, more];
  return actions.map((name) => ({ action: `logs:${name}`, resource: "*" }));
}

function knownKind(policyType: string, ctx: Context<Errors>): [AccountPolicyType, Kind] {
  const kind = kindOf(policyType);
  if (kind === undefined) {
    throw ctx.error("InvalidParameterException", `Cloudkeep does not have policies of type ${policyType}.`);
  }
  return [policyType as AccountPolicyType, kind];
}

const except = /^\s*LogGroupName\s+NOT\s+IN\s*(\[.*\])\s*$/s;
const prefixes = /^\s*LogGroupNamePrefix\s+IN\s*(\[.*\])\s*$/s;
const onePrefix = /^\s*LogGroupNamePrefix\s*={1,2}\s*("[^"]*")\s*$/s;

function listIn(text: string | undefined): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text ?? "");
    return Array.isArray(list) && list.every((one) => typeof one === "string") ? list : undefined;
  } catch {
    return undefined;
  }
}

/** `LogGroupName NOT IN ["a"]` of subscription filters, `LogGroupNamePrefix IN ["a"]` of indexes and transformers. */
function selectionOf(type: AccountPolicyType, criteria: string | undefined, ctx: Context<Errors>): Selection {
  if (criteria === undefined) return {};
  const excluded = type === "SUBSCRIPTION_FILTER_POLICY" ? listIn(except.exec(criteria)?.[1]) : undefined;
  if (excluded !== undefined) return { except: excluded };
  const one = onePrefix.exec(criteria)?.[1];
  const chosen = listIn(one === undefined ? prefixes.exec(criteria)?.[1] : `[${one}]`);
  const takesPrefixes = type === "FIELD_INDEX_POLICY" || type === "TRANSFORMER_POLICY";
  if (takesPrefixes && chosen !== undefined) return { prefixes: chosen };
  throw ctx.error("InvalidParameterException", `Invalid selectionCriteria for a policy of type ${type}.`);
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutAccountPolicy.html */
export const putAccountPolicy = logs.operation("PutAccountPolicy", {
  access: ({ policyType }) => access("put", "PutAccountPolicy", policyType),
  async handle({ policyName, policyType, policyDocument, selectionCriteria }, ctx) {
    const [type, kind] = knownKind(policyType, ctx as Context<Errors>);
    const held = (await accountPolicies.get(ctx.tx, ctx.account, ctx.region))?.policies ?? {};
    const key = policyKey({ policyType: type, policyName });
    const others = Object.values(held).filter((one) => one.policyType === type && policyKey(one) !== key);
    if (others.length >= kind.max) throw ctx.error("LimitExceededException", "Resource limit exceeded.");
    const row: AccountPolicyRow = {
      policyName,
      policyType: type,
      policyDocument,
      ...(selectionCriteria !== undefined && { selectionCriteria }),
      selection: selectionOf(type, selectionCriteria, ctx as Context<Errors>),
      lastUpdatedTime: ctx.clock.now(),
    };
    checkOverlap(row, others, ctx as Context<Errors>);
    await kind.begin(row, ctx as Context<Errors>);
    accountPolicies.put(ctx.tx, [ctx.account, ctx.region], { policies: { ...held, [key]: row } });
    return { accountPolicy: shown(row, ctx) };
  },
});

/** A group has one index policy and one transformer of its account's, at the most. */
function checkOverlap(
  { policyType, selection }: AccountPolicyRow,
  others: readonly AccountPolicyRow[],
  ctx: Context<Errors>,
): void {
  if (policyType !== "FIELD_INDEX_POLICY" && policyType !== "TRANSFORMER_POLICY") return;
  const mine = selection.prefixes ?? [""];
  const theirs = others.flatMap((one) => one.selection.prefixes ?? [""]);
  const both = mine.some((a) => theirs.some((b) => a.startsWith(b) || b.startsWith(a)));
  if (both) {
    throw ctx.error(
      "InvalidParameterException",
      "The selection criteria overlap with those of another policy of the same type.",
    );
  }
}

function shown({ selection: _, ...row }: AccountPolicyRow, { account }: Context): AccountPolicy {
  return { ...row, scope: "ALL", accountId: account };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeAccountPolicies.html */
export const describeAccountPolicies = logs.operation("DescribeAccountPolicies", {
  access: ({ policyType }) => access("get", "DescribeAccountPolicies", policyType),
  async handle({ policyType, policyName, accountIdentifiers, nextToken }, ctx) {
    const held = (await accountPolicies.get(ctx.tx, ctx.account, ctx.region))?.policies ?? {};
    // There are no monitoring accounts that see others' policies.
    const own = accountIdentifiers?.includes(ctx.account) ?? true;
    const found = Object.values(held)
      .filter((one) => own && one.policyType === policyType)
      .filter((one) => policyName === undefined || one.policyName === policyName)
      .sort((a, b) => (a.policyName < b.policyName ? -1 : 1));
    if (policyName !== undefined && found.length === 0) throw missingPolicy(policyName, ctx as Context);
    const { items, end } = await logsPage(
      ctx,
      (): Page<AccountPolicyRow> => pageOfList(found, maxPerPage, nextToken),
    );
    return { accountPolicies: items.map((row) => shown(row, ctx)), ...end };
  },
});

const maxPerPage = 50;

function missingPolicy(policyName: string, ctx: Context<"ResourceNotFoundException">): Error {
  return ctx.error("ResourceNotFoundException", `Policy with name [${policyName}] does not exist.`);
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteAccountPolicy.html */
export const deleteAccountPolicy = logs.operation("DeleteAccountPolicy", {
  access: ({ policyType }) => access("delete", "DeleteAccountPolicy", policyType),
  async handle({ policyName, policyType, dryRun }, ctx) {
    const [type, kind] = knownKind(policyType, ctx as Context<Errors>);
    const held = (await accountPolicies.get(ctx.tx, ctx.account, ctx.region))?.policies ?? {};
    const key = policyKey({ policyType: type, policyName });
    if (!Object.hasOwn(held, key)) throw missingPolicy(policyName, ctx);
    if (dryRun === true) return {};
    const { [key]: deleted, ...policies } = held;
    accountPolicies.put(ctx.tx, [ctx.account, ctx.region], { policies });
    await kind.end?.(deleted as AccountPolicyRow, ctx as Context);
    return {};
  },
});
