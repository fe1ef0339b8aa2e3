import type { Command } from "commander";
import { callCloudkeep } from "./client.ts";
import { dataDirectory } from "./home.ts";
import { printable } from "./text.ts";

interface Mail {
  MailId: string;
  Channel: string;
  To: string;
  From: string;
  Subject?: string;
  Body: string;
  ReceivedAt: number;
}

interface Options {
  data?: string;
  to?: string;
  json?: boolean;
}

/** What landed in the mailbox: e-mails, text messages and push notifications that services sent. */
export function addMail(program: Command): void {
  program
    .command("mail [id]")
    .description("list what services mailed; with an id, show one")
    .option("--data <directory>", "data directory")
    .option("--to <address>", "only what went to this address, number or device")
    .option("--json", "whole mails, one a line")
    .action(async (id: string | undefined, { data, to, json = false }: Options) => {
      const directory = dataDirectory(data);
      if (id !== undefined) {
        const mail = await callCloudkeep<Mail>(directory, "GetMail", { MailId: id });
        return void process.stdout.write(json ? `${JSON.stringify(mail)}\n` : whole(mail));
      }
      let token: string | undefined;
      do {
        const page = await callCloudkeep<{ Mails: Mail[]; NextToken?: string }>(directory, "ListMail", {
          ...(to !== undefined && { To: to }),
          ...(token !== undefined && { NextToken: token }),
        });
        for (const mail of page.Mails) process.stdout.write(`${json ? JSON.stringify(mail) : line(mail)}\n`);
        token = page.NextToken;
      } while (token !== undefined);
    });
}

function line({ MailId, ReceivedAt, To, Channel, Subject = "", Body }: Mail): string {
  const time = new Date(ReceivedAt * 1000).toISOString().slice(0, 19);
  const about = Subject || Body.split("\n", 1)[0] || "";
  return printable(`${MailId}  ${time}Z  ${Channel.padEnd(5)}  ${To.padEnd(28)}  ${about.slice(0, 60)}`);
}

function whole({ To, From, Subject = "", Body, ReceivedAt }: Mail): string {
  const head = { From, To, Subject, Date: new Date(ReceivedAt * 1000).toUTCString() };
  const lines = Object.entries(head).map(([name, value]) => printable(`${name}: ${value}`));
  return `${lines.join("\n")}\n\n${Body.split("\n").map(printable).join("\n")}\n`;
}
