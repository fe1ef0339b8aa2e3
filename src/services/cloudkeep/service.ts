import { timeOfUuid } from "../../kit/ids.ts";
import { type RecordRow, recordLog } from "../../kit/record.ts";
import { defineService, operationsIn } from "../../kit/service.ts";
import { api, own } from "./contract.ts";
import * as delegation from "./delegation.ts";
import * as mail from "./mail.ts";

/**
 * Cloudkeep's own operations, behind the same gate as AWS's: signed, authorized (`cloudkeep:…` actions) and
 * recorded. The command line uses nothing else.
 */

const getStatus = api.operation("GetStatus", {
  access: own("GetStatus"),
  handle(_input, ctx) {
    const { version, account, region, services, store, runtimes } = ctx.host.status() as {
      version: string;
      account: string;
      region: string;
      services: string[];
      store: object;
      runtimes: object;
    };
    return {
      Version: version,
      Account: account,
      Region: region,
      Now: new Date(ctx.clock.now()),
      Services: services,
      StoreJson: JSON.stringify(store),
      RuntimesJson: JSON.stringify(runtimes),
    };
  },
});

/** A request's event lies in the record about where the time in its id says. */
const explainWindowMs = 10 * 60_000;

const explainRequest = api.operation("ExplainRequest", {
  access: own("ExplainRequest"),
  async handle({ RequestId }, ctx) {
    const at = timeOfUuid(RequestId);
    const { entries } = await ctx.log(recordLog).read({
      ...(at !== undefined && { from: at - explainWindowMs, to: at + explainWindowMs }),
      terms: [`RequestId=${RequestId}`],
      limit: 1,
    });
    const found = entries[0];
    if (found === undefined) {
      const refusal = ctx.host.refusal(RequestId);
      if (refusal !== undefined) return { RefusalJson: JSON.stringify(refusal) };
      throw ctx.error("NotFoundException", `No event of request ${RequestId} is in the record.`);
    }
    const { event, decisions = [] } = JSON.parse(found.text) as RecordRow;
    return { EventJson: JSON.stringify(event), DecisionsJson: JSON.stringify(decisions) };
  },
  record: { readOnly: true },
});

const listRecord = api.operation("ListRecord", {
  access: own("ListRecord"),
  async handle({ After, MaxResults = 50, Newest = false }, ctx) {
    const page = await ctx
      .log(recordLog)
      .read({ limit: MaxResults, reverse: Newest, ...(After && { after: After }) })
      .catch((error: unknown) => {
        throw error instanceof RangeError ? ctx.error("ValidationException", error.message) : error;
      });
    const last = page.entries.at(-1)?.position ?? After;
    return {
      EventJsons: page.entries.map(({ text }) => JSON.stringify((JSON.parse(text) as RecordRow).event)),
      ...(last !== undefined && { Next: last }),
    };
  },
});

const advanceClock = api.operation("AdvanceClock", {
  access: own("AdvanceClock"),
  handle({ Seconds }, ctx) {
    const byMs = Math.round(Seconds * 1000);
    ctx.afterCommit(() => ctx.host.advanceClock(byMs));
    return { Now: new Date(ctx.clock.now() + byMs) };
  },
});

const resetState = api.operation("ResetState", {
  access: own("ResetState"),
  handle(_input, ctx) {
    ctx.afterCommit(() => ctx.host.reset());
    return {};
  },
});

export default defineService({
  name: "cloudkeep",
  eventSource: "cloudkeep.localhost",
  operations: [
    getStatus,
    explainRequest,
    listRecord,
    advanceClock,
    resetState,
    ...[mail, delegation].flatMap(operationsIn),
  ],
  missing: [],
});
