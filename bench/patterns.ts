/** Matching one event against the rules of a bus: `node --import tsx bench/patterns.ts`. */

import { fieldsOf, parsePattern } from "../src/kit/patterns/pattern.ts";
import { PatternIndex } from "../src/kit/patterns/patternIndex.ts";

const rules = Number(process.env.BENCH_RULES ?? 2_000);
const rounds = 20_000;

/** What a security team's rules look like: most of one source, told apart by the call and by who made it. */
function rule(i: number): string {
  return JSON.stringify({
    source: ["aws.iam"],
    "detail-type": ["AWS API Call via CloudTrail"],
    detail: {
      eventName: [i % 2 ? `AttachUserPolicy${i}` : { prefix: `Create${i}` }],
      userIdentity: {
        type: ["IAMUser", "AssumedRole"],
        ...(i % 3 === 0 && { arn: [{ wildcard: `*/team-${i}/*` }] }),
      },
      ...(i % 5 === 0 && { errorCode: [{ exists: false }] }),
    },
  });
}

const event = {
  version: "0",
  id: "00000000-0000-4000-8000-000000000000",
  "detail-type": "AWS API Call via CloudTrail",
  source: "aws.iam",
  account: "111122223333",
  time: "2026-11-25T10:00:00Z",
  region: "us-east-1",
  resources: [],
  detail: {
    eventVersion: "1.11",
    userIdentity: {
      type: "IAMUser",
      arn: "arn:aws:iam::111122223333:user/team-1233/alice",
      userName: "alice",
    },
    eventSource: "iam.amazonaws.com",
    eventName: "AttachUserPolicy1233",
    awsRegion: "us-east-1",
    sourceIPAddress: "192.0.2.7",
    requestParameters: { userName: "bob", policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" },
    responseElements: null,
  },
};

const started = performance.now();
const index = new PatternIndex(Array.from({ length: rules }, (_, i) => [i, parsePattern(rule(i))] as const));
console.log(`${rules} rules compiled in ${(performance.now() - started).toFixed(1)} ms`);
const text = JSON.stringify(event);
const times: number[] = [];
let matched = 0;
for (let i = 0; i < rounds; i += 1) {
  const parsed: unknown = JSON.parse(text);
  const begun = performance.now();
  matched += index.match(fieldsOf(parsed)).size;
  times.push((performance.now() - begun) * 1000);
}
times.sort((a, b) => a - b);
const at = (share: number) => (times[Math.floor(rounds * share)] as number).toFixed(1);
console.log(`one event: p50 ${at(0.5)} µs, p99 ${at(0.99)} µs; ${matched / rounds} rules matched each time`);
