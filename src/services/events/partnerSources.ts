import type { PutPartnerEventsRequestEntry, PutPartnerEventsResultEntry } from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { BadMarker, keyedPageOf } from "../../kit/paging.ts";
import { events } from "./contract.ts";
import { checkSize, envelopeOf, failure } from "./entries.ts";
import { eventSourceArn, partnerOf, pending, putSource, sourceAccess } from "./eventSources.ts";
import { ingest } from "./ingest.ts";
import { namedPage } from "./lists.ts";
import { buses, eventSources, offeredTo, partnerSources, partners } from "./tables.ts";

/** Event sources, as the partners see them who make them. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-partner-events-onboarding.html */

const pageSize = 100;
/** Accounts that one source is offered to. */
const maxAccounts = 100;
/** Sources that all partners together offer to an account. */
const maxSourcesPerCustomer = 1_000;

/** Whether the caller goes by the name of the partner in a source's name. */
async function isPartner(name: string, ctx: Context): Promise<boolean> {
  return (await partners.get(ctx.tx, partnerOf(name)))?.account === ctx.account;
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreatePartnerEventSource.html */
export const createPartnerEventSource = events.operation("CreatePartnerEventSource", {
  access: ({ Name }, ctx) => sourceAccess("CreatePartnerEventSource", Name, ctx),
  async handle({ Name, Account }, ctx) {
    const { tx, account, region } = ctx;
    const partner = await partners.get(tx, partnerOf(Name));
    if (partner !== undefined && partner.account !== account) {
      throw ctx.error(
        "OperationDisabledException",
        `The partner ${partnerOf(Name)} is registered for another account.`,
      );
    }
    if ((await eventSources.get(tx, Account, region, Name)) !== undefined)
      throw ctx.error("ResourceAlreadyExistsException", `Partner event source ${Name} already exists.`);
    const offered = await offeredTo.list(tx, [account, region, Name], { limit: maxAccounts });
    const waiting = await ctx.peek((reads) =>
      eventSources.list(reads, [Account, region], { limit: maxSourcesPerCustomer }),
    );
    if (offered.length >= maxAccounts || waiting.length >= maxSourcesPerCustomer) {
      throw ctx.error("LimitExceededException", "The requested resource exceeds the maximum number allowed.");
    }
    const createdAt = ctx.clock.now();
    if (partner === undefined) partners.put(tx, [partnerOf(Name)], { account });
    if (offered.length === 0) partnerSources.put(tx, [account, region, Name], { createdAt });
    offeredTo.put(tx, [account, region, Name, Account], { createdAt });
    pending({ account: Account, region, name: Name }, { partner: account, createdAt }, ctx);
    return { EventSourceArn: eventSourceArn(Name, region) };
  },
});

/** A customer who has made the bus sees that the source is gone. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeletePartnerEventSource.html */
export const deletePartnerEventSource = events.operation("DeletePartnerEventSource", {
  access: ({ Name }, ctx) => sourceAccess("DeletePartnerEventSource", Name, ctx),
  async handle({ Name, Account }, ctx) {
    const { tx, account, region } = ctx;
    if ((await offeredTo.get(tx, account, region, Name, Account)) === undefined) return {};
    offeredTo.delete(tx, account, region, Name, Account);
    if ((await offeredTo.list(tx, [account, region, Name], { limit: 1 })).length === 0)
      partnerSources.delete(tx, account, region, Name);
    const row = await eventSources.get(tx, Account, region, Name);
    const isTakenUp = (await buses.get(tx, Account, region, Name)) !== undefined;
    if (row?.partner !== account) return {};
    const { expiresAt: _, ...rest } = row;
    if (isTakenUp) putSource({ account: Account, region, name: Name }, { ...rest, state: "DELETED" }, ctx);
    else eventSources.delete(tx, Account, region, Name);
    return {};
  },
});

async function checkOwn(name: string, ctx: Context<"ResourceNotFoundException">): Promise<void> {
  if ((await partnerSources.get(ctx.tx, ctx.account, ctx.region, name)) === undefined)
    throw ctx.error("ResourceNotFoundException", `Partner event source ${name} does not exist.`);
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribePartnerEventSource.html */
export const describePartnerEventSource = events.operation("DescribePartnerEventSource", {
  access: ({ Name }, ctx) => sourceAccess("DescribePartnerEventSource", Name, ctx),
  async handle({ Name }, ctx) {
    await checkOwn(Name, ctx);
    return { Arn: eventSourceArn(Name, ctx.region), Name };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListPartnerEventSources.html */
export const listPartnerEventSources = events.operation("ListPartnerEventSources", {
  access: () => ({ action: "events:ListPartnerEventSources", resource: "*" }),
  async handle(input, ctx) {
    const { items, next } = await namedPage(partnerSources, [ctx.account, ctx.region], input, ctx);
    return {
      PartnerEventSources: items.map(({ name }) => ({ Arn: eventSourceArn(name, ctx.region), Name: name })),
      ...(next && { NextToken: next }),
    };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListPartnerEventSourceAccounts.html */
export const listPartnerEventSourceAccounts = events.operation("ListPartnerEventSourceAccounts", {
  access: ({ EventSourceName }, ctx) => sourceAccess("ListPartnerEventSourceAccounts", EventSourceName, ctx),
  async handle({ EventSourceName: name, NextToken, Limit = pageSize }, ctx) {
    await checkOwn(name, ctx);
    const parts = [ctx.account, ctx.region, name];
    try {
      const { items, next } = await keyedPageOf(offeredTo, ctx.tx, parts, {
        limit: Limit,
        marker: NextToken,
      });
      const PartnerEventSourceAccounts = [];
      for (const { key } of items) {
        const row = await eventSources.get(ctx.tx, key[3], ctx.region, name);
        if (row === undefined) continue;
        PartnerEventSourceAccounts.push({
          Account: key[3],
          CreationTime: new Date(row.createdAt),
          ...(row.expiresAt !== undefined && { ExpirationTime: new Date(row.expiresAt) }),
          State: row.state,
        });
      }
      return { PartnerEventSourceAccounts, ...(next && { NextToken: next }) };
    } catch (error) {
      if (error instanceof BadMarker)
        throw (ctx as Context).error("ValidationException", "The token is invalid.");
      throw error;
    }
  },
});

/** Events arrive on the buses that customers made for their source. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPartnerEvents.html */
export const putPartnerEvents = events.operation("PutPartnerEvents", {
  access: () => ({ action: "events:PutPartnerEvents", resource: "*" }),
  async handle({ Entries }, ctx) {
    checkSize(Entries, ctx);
    const results: PutPartnerEventsResultEntry[] = [];
    for (const entry of Entries) results.push(await put(entry, ctx));
    return {
      FailedEntryCount: results.filter(({ ErrorCode }) => ErrorCode !== undefined).length,
      Entries: results,
    };
  },
  record: {
    data: true,
    request: (recorded, { Entries = [] }) => ({
      ...recorded,
      entries: Entries.map(({ Source, DetailType }) => ({ source: Source, detailType: DetailType })),
    }),
  },
});

async function put(entry: PutPartnerEventsRequestEntry, ctx: Context): Promise<PutPartnerEventsResultEntry> {
  const id = uuid();
  const event = envelopeOf(entry, { id, account: ctx.account, region: ctx.region }, ctx);
  if ("ErrorCode" in event) return event;
  const name = event.source;
  const isOwn =
    (await isPartner(name, ctx)) &&
    (await partnerSources.get(ctx.tx, ctx.account, ctx.region, name)) !== undefined;
  if (!isOwn) return failure("NotAuthorizedForSourceException", "Not authorized for the source.");
  for (const { key } of await offeredTo.list(ctx.tx, [ctx.account, ctx.region, name])) {
    const account = key[3];
    // What a customer has not taken up, or has put off, is dropped.
    if ((await eventSources.get(ctx.tx, account, ctx.region, name))?.state !== "ACTIVE") continue;
    await ingest({ ...event, account }, { account, region: ctx.region, name }, ctx);
  }
  return { EventId: id };
}
