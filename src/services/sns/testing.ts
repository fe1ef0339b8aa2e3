import { signed } from "../../../test/hostile/sign.ts";
import type { Cloudkeep } from "../../start.ts";

interface Mail {
  Channel: string;
  From: string;
  Subject?: string;
  Body: string;
}

/** What has come into the mailbox for somebody, oldest first, once all that is under way has come to rest. */
export async function mailsTo(cloudkeep: Cloudkeep, To: string): Promise<Mail[]> {
  await cloudkeep.clock.advance(0);
  const host = `127.0.0.1:${cloudkeep.port}`;
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Cloudkeep.ListMail" };
  const draft = { method: "POST", path: "/", query: "", headers, body: JSON.stringify({ To }) };
  const request = signed("header", draft, { credentials: cloudkeep.credentials, service: "cloudkeep", host });
  const answer = await fetch(`http://${host}/`, {
    method: "POST",
    headers: request.headers,
    body: request.body,
  });
  return ((await answer.json()) as { Mails: Mail[] }).Mails;
}
