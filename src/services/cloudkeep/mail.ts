import type { Context } from "../../kit/context.ts";
import { timedUuid } from "../../kit/ids.ts";
import { BadMarker, keyedPageOf } from "../../kit/paging.ts";
import { table } from "../../kit/table.ts";
import { api, type Mail, type MailInput, own } from "./contract.ts";

/** The mailbox: where e-mails and text messages land that services send, as no network takes them further. */

interface MailRow extends MailInput {
  at: number;
}

/** Ids are in order of time; the newest is the last. */
const mails = table<MailRow, [id: string]>("cloudkeep", "mail");

const keptMs = 30 * 86_400_000;
/** How many that are too old go with each that comes. */
const sweptAtOnce = 10;

/** Services put what they send here; nobody else may. */
export const deliverMail = api.operation("DeliverMail", {
  access: (input, ctx) => ({
    ...own("DeliverMail")(input, ctx),
    ...(ctx.caller.principal.kind === "service" && {
      extraAllow: { kind: "service" as const, name: ctx.caller.principal.service ?? "" },
    }),
  }),
  async handle(input, ctx) {
    const at = ctx.clock.now();
    for (const { key, row } of await mails.list(ctx.tx, [], { limit: sweptAtOnce }))
      if (row.at < at - keptMs) mails.delete(ctx.tx, key[0]);
    const MailId = timedUuid(at);
    mails.put(ctx.tx, [MailId], { ...input, at });
    return { MailId };
  },
});

function shown(MailId: string, { at, ...mail }: MailRow): Mail {
  return { ...mail, MailId, ReceivedAt: new Date(at) };
}

const defaultPageSize = 50;

/** What has come, oldest first. */
export const listMail = api.operation("ListMail", {
  access: own("ListMail"),
  async handle({ To, MaxResults = defaultPageSize, NextToken }, ctx) {
    const where = (row: MailRow) => To === undefined || row.To === To;
    try {
      const { items, next } = await keyedPageOf(mails, ctx.tx, [], {
        limit: MaxResults,
        marker: NextToken,
        where,
      });
      return { Mails: items.map(({ key, row }) => shown(key[0], row)), ...(next && { NextToken: next }) };
    } catch (error) {
      if (error instanceof BadMarker) throw ctx.error("ValidationException", "The token is invalid.");
      throw error;
    }
  },
});

async function existing(id: string, ctx: Context<"NotFoundException">): Promise<MailRow> {
  const row = await mails.get(ctx.tx, id);
  if (row === undefined) throw ctx.error("NotFoundException", `There is no mail ${id}.`);
  return row;
}

export const getMail = api.operation("GetMail", {
  access: own("GetMail"),
  handle: async ({ MailId }, ctx) => shown(MailId, await existing(MailId, ctx)),
});

export const deleteMail = api.operation("DeleteMail", {
  access: own("DeleteMail"),
  async handle({ MailId }, ctx) {
    await existing(MailId, ctx);
    mails.delete(ctx.tx, MailId);
    return {};
  },
});
