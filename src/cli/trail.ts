import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { TrailEvent } from "../kit/record.ts";
import { callCloudkeep } from "./client.ts";
import { dataDirectory } from "./home.ts";
import { printable } from "./text.ts";

interface Options {
  data?: string;
  json?: boolean;
  follow: boolean;
}

interface Page {
  EventJsons: string[];
  Next?: string;
}

const pollMs = 500;
const pageSize = 200;

export function addTrail(program: Command): void {
  program
    .command("trail")
    .description("follow the record live")
    .option("--data <directory>", "data directory")
    .option("--json", "whole events, one a line")
    .option("--no-follow", "print the latest events and end")
    .action(async ({ data, json = false, follow }: Options) => {
      const directory = dataDirectory(data);
      const latest = await callCloudkeep<Page>(directory, "ListRecord", { Newest: true, MaxResults: 20 });
      for (const event of latest.EventJsons.reverse()) show(event, json);
      if (!follow) return;
      let after = (await callCloudkeep<Page>(directory, "ListRecord", { Newest: true, MaxResults: 1 })).Next;
      for (;;) {
        const page = await callCloudkeep<Page>(directory, "ListRecord", {
          MaxResults: pageSize,
          ...(after && { After: after }),
        });
        for (const event of page.EventJsons) show(event, json);
        after = page.Next ?? after;
        if (page.EventJsons.length < pageSize) await sleep(pollMs);
      }
    });
}

function show(text: string, json: boolean): void {
  const event = JSON.parse(text) as TrailEvent;
  // Following the record is itself recorded; showing that would never end.
  if (event.eventName === "ListRecord") return;
  process.stdout.write(`${json ? text : printable(line(event))}\n`);
}

/** One event on one line: when, where, who, what, and how it ended. */
export function line(event: TrailEvent): string {
  const { arn, invokedBy, type } = event.userIdentity;
  const who = String(arn ?? invokedBy ?? type).replace(/^arn:aws:(?:iam|sts)::/, "");
  const service = event.eventSource.split(".")[0];
  const end = event.errorCode ? `${event.errorCode}  ${event.requestID ?? ""}` : "ok";
  return `${event.eventTime}  ${event.awsRegion.padEnd(12)}  ${who.padEnd(36)}  ${service}:${event.eventName}  ${end}`;
}
