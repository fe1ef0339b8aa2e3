import type { AdvancedEventSelector, AdvancedFieldSelector, EventSelector } from "@aws-sdk/client-cloudtrail";
import type { Context } from "../../kit/context.ts";
import type { TrailEvent } from "../../kit/record.ts";
import { cloudtrail } from "./contract.ts";
import { checkHome, existingTrail, trailAccess, trailArn } from "./names.ts";
import { type TrailRow, trails } from "./tables.ts";

/** Which events a trail logs. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html */

const maxSelectors = 5;
const maxDataResources = 250;

const byDefault: EventSelector = {
  ReadWriteType: "All",
  IncludeManagementEvents: true,
  DataResources: [],
  ExcludeManagementEventSources: [],
};

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html */
export const putEventSelectors = cloudtrail.operation("PutEventSelectors", {
  access: ({ TrailName }, ctx) => trailAccess("PutEventSelectors", TrailName, ctx),
  async handle({ TrailName, EventSelectors, AdvancedEventSelectors }, ctx) {
    const { trail, row } = await existingTrail(TrailName, ctx);
    checkHome(trail, ctx);
    const { selectors: _, advancedSelectors: __, ...rest } = row;
    const key = [trail.account, trail.region, trail.name] as [string, string, string];
    const TrailARN = trailArn(trail);
    if (AdvancedEventSelectors?.length) {
      checkAdvanced(AdvancedEventSelectors as AdvancedEventSelector[], ctx);
      const advancedSelectors = AdvancedEventSelectors as AdvancedEventSelector[];
      trails.put(ctx.tx, key, { ...rest, advancedSelectors });
      return { TrailARN, AdvancedEventSelectors: advancedSelectors };
    }
    const selectors = checkedBasic(EventSelectors as EventSelector[] | undefined, ctx);
    trails.put(ctx.tx, key, { ...rest, selectors });
    return { TrailARN, EventSelectors: selectors };
  },
});

type SelectorErrors = "InvalidEventSelectorsException";

function checkedBasic(list: EventSelector[] | undefined, ctx: Context<SelectorErrors>): EventSelector[] {
  const invalid = (message: string) => ctx.error("InvalidEventSelectorsException", message);
  if (!list?.length) throw invalid("Specify either EventSelectors or AdvancedEventSelectors.");
  if (list.length > maxSelectors)
    throw invalid(`A trail may have ${maxSelectors} event selectors at the most.`);
  const values = list.flatMap(({ DataResources = [] }) => DataResources.flatMap(({ Values = [] }) => Values));
  if (values.length > maxDataResources)
    throw invalid(`A trail may name ${maxDataResources} data resources at the most.`);
  for (const { DataResources = [] } of list) {
    for (const { Type = "", Values = [] } of DataResources) {
      if (!/^AWS::(?:S3::Object|Lambda::Function|DynamoDB::Table)$/.test(Type))
        throw invalid(`The data resource type ${Type} is not valid for event selectors.`);
      const bad = Values.find((value) => !value.startsWith("arn:aws"));
      if (bad !== undefined) throw invalid(`Value ${bad} for DataResources.Values is invalid.`);
    }
  }
  return list.map((one) => ({ ...byDefault, ...one }));
}

const fields = new Set([
  "eventCategory",
  "readOnly",
  "eventSource",
  "eventName",
  "eventType",
  "resources.type",
  "resources.ARN",
  "sessionCredentialFromConsole",
  "userIdentity.arn",
]);

export function checkAdvanced(list: readonly AdvancedEventSelector[], ctx: Context<SelectorErrors>): void {
  const invalid = (message: string) => ctx.error("InvalidEventSelectorsException", message);
  for (const { FieldSelectors = [] } of list) {
    const category = FieldSelectors.find(({ Field }) => Field === "eventCategory")?.Equals;
    if (category?.length !== 1 || !/^(?:Management|Data)$/.test(category[0] as string))
      throw invalid("Each advanced event selector must say eventCategory Equals Management or Data.");
    if (
      category[0] === "Data" &&
      !FieldSelectors.some(({ Field, Equals }) => Field === "resources.type" && Equals)
    )
      throw invalid("An advanced event selector for data events must say resources.type Equals.");
    const unknown = FieldSelectors.find(({ Field = "" }) => !fields.has(Field));
    if (unknown !== undefined) throw invalid(`Field ${unknown.Field} is not supported for trails.`);
  }
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html */
export const getEventSelectors = cloudtrail.operation("GetEventSelectors", {
  access: ({ TrailName }, ctx) => trailAccess("GetEventSelectors", TrailName, ctx),
  async handle({ TrailName }, ctx) {
    const { trail, row } = await existingTrail(TrailName, ctx);
    const TrailARN = trailArn(trail);
    if (row.advancedSelectors !== undefined)
      return { TrailARN, AdvancedEventSelectors: row.advancedSelectors };
    return { TrailARN, EventSelectors: row.selectors ?? [byDefault] };
  },
});

/** Services whose events stand in us-east-1, wherever they were called. */
const globalSources = new Set(["iam.amazonaws.com", "sts.amazonaws.com", "cloudfront.amazonaws.com"]);

/** Whether an event is one of those that advanced selectors ask for. */
export function isSelected(selectors: readonly AdvancedEventSelector[], event: TrailEvent): boolean {
  return selectors.some((one) => fitsAdvanced(one, event));
}

/** Whether a trail at home in `homeRegion` logs an event of its account. */
export function logs(row: TrailRow, homeRegion: string, event: TrailEvent): boolean {
  if (!row.multiRegion && event.awsRegion !== homeRegion) return false;
  if (!row.includeGlobal && globalSources.has(event.eventSource)) return false;
  if (row.advancedSelectors !== undefined)
    return row.advancedSelectors.some((one) => fitsAdvanced(one, event));
  return (row.selectors ?? [byDefault]).some((one) => fitsBasic(one, event));
}

function fitsBasic(selector: EventSelector, event: TrailEvent): boolean {
  const {
    ReadWriteType,
    IncludeManagementEvents,
    DataResources = [],
    ExcludeManagementEventSources = [],
  } = selector;
  if (ReadWriteType === "ReadOnly" && !event.readOnly) return false;
  if (ReadWriteType === "WriteOnly" && event.readOnly) return false;
  if (event.managementEvent)
    return Boolean(IncludeManagementEvents) && !ExcludeManagementEventSources.includes(event.eventSource);
  return (event.resources ?? []).some(({ type, ARN }) =>
    DataResources.some(
      ({ Type, Values = [] }) => Type === type && Values.some((value) => ARN.startsWith(value)),
    ),
  );
}

function fitsAdvanced({ FieldSelectors = [] }: AdvancedEventSelector, event: TrailEvent): boolean {
  return FieldSelectors.every((selector) => fitsField(selector, valuesOf(event, selector.Field ?? "")));
}

function valuesOf(event: TrailEvent, field: string): string[] {
  const { resources = [] } = event;
  switch (field) {
    case "eventCategory":
      return [event.managementEvent ? "Management" : "Data"];
    case "readOnly":
      return [String(event.readOnly)];
    case "resources.type":
      return resources.map(({ type }) => type);
    case "resources.ARN":
      return resources.map(({ ARN }) => ARN);
    case "userIdentity.arn":
      return typeof event.userIdentity.arn === "string" ? [event.userIdentity.arn] : [];
    case "eventSource":
    case "eventName":
    case "eventType":
      return [event[field]];
    default:
      return [];
  }
}

/** Positive operators are alternatives; each negative one must hold. */
function fitsField(selector: AdvancedFieldSelector, values: string[]): boolean {
  const {
    Equals = [],
    StartsWith = [],
    EndsWith = [],
    NotEquals = [],
    NotStartsWith = [],
    NotEndsWith = [],
  } = selector;
  const is = (equal: string[], starts: string[], ends: string[]) =>
    values.some(
      (value) =>
        equal.includes(value) ||
        starts.some((one) => value.startsWith(one)) ||
        ends.some((one) => value.endsWith(one)),
    );
  const asks = Equals.length + StartsWith.length + EndsWith.length > 0;
  return (!asks || is(Equals, StartsWith, EndsWith)) && !is(NotEquals, NotStartsWith, NotEndsWith);
}
