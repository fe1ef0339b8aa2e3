import { type AuthorizationRequest, evaluate, type PolicySet, parsePolicy } from "../src/policy/index.ts";

/**
 * Time of one evaluation against a realistic set: five identity policies with 60 statements between them, a
 * boundary, an SCP level and a key policy. `node --import tsx bench/policy.ts`
 */

const ownSession = "*:${aws:PrincipalTag/team}";
const services = [
  "s3",
  "sqs",
  "sns",
  "kms",
  "logs",
  "dynamodb",
  "secretsmanager",
  "lambda",
  "events",
  "kinesis",
];

function identityPolicy(number: number): string {
  const Statement = Array.from({ length: 12 }, (_, at) => {
    const service = services[(number * 12 + at) % services.length];
    return {
      Sid: `S${number}x${at}`,
      Effect: at === 11 ? "Deny" : "Allow",
      Action:
        at % 3 === 0 ? `${service}:*` : [`${service}:Get*`, `${service}:Describe*`, `${service}:Decrypt`],
      Resource: [
        `arn:aws:${service}:eu-west-1:111122223333:*app-${at}*`,
        `arn:aws:${service}:*:111122223333:key/*`,
      ],
      Condition: {
        StringEquals: {
          "aws:RequestedRegion": ["eu-west-1", "eu-central-1"],
          "aws:PrincipalTag/team": `team-${at % 4}`,
        },
        ...(at === 11
          ? { Bool: { "aws:SecureTransport": "false" } }
          : { StringLike: { "aws:userid": ownSession } }),
      },
    };
  });
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

const keyPolicy = {
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "Root",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::111122223333:root" },
      Action: "kms:*",
      Resource: "*",
    },
    {
      Sid: "Use",
      Effect: "Allow",
      Principal: { AWS: ["arn:aws:iam::111122223333:role/other", "arn:aws:iam::444455556666:role/app"] },
      Action: ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"],
      Resource: "*",
      Condition: { StringEquals: { "kms:ViaService": "s3.eu-west-1.amazonaws.com" } },
    },
    {
      Sid: "TlsOnly",
      Effect: "Deny",
      Principal: "*",
      Action: "kms:*",
      Resource: "*",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ],
};
const everything = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

const policies: PolicySet = {
  identity: Array.from({ length: 5 }, (_, at) => ({
    name: `p${at}`,
    policy: parsePolicy(identityPolicy(at), "identity"),
  })),
  boundary: { name: "boundary", policy: parsePolicy(everything, "boundary") },
  scps: [[{ name: "FullAWSAccess", policy: parsePolicy(everything, "scp") }]],
  resource: { name: "key policy", policy: parsePolicy(JSON.stringify(keyPolicy), "key") },
  resourceRules: "key-policy",
};

function request(): AuthorizationRequest {
  return {
    principal: {
      kind: "role-session",
      account: "111122223333",
      arn: "arn:aws:sts::111122223333:assumed-role/app/team-1",
      roleArn: "arn:aws:iam::111122223333:role/app",
      userId: "AROAEXAMPLEEXAMPLE:team-1",
    },
    action: "kms:Decrypt",
    resource: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    resourceAccount: "111122223333",
    context: new Map<string, string | string[]>([
      ["aws:requestedregion", "eu-west-1"],
      ["aws:principaltag/team", "team-1"],
      ["aws:userid", "AROAEXAMPLEEXAMPLE:team-1"],
      ["aws:securetransport", "true"],
      ["aws:sourceip", "203.0.113.9"],
      ["aws:principalarn", "arn:aws:iam::111122223333:role/app"],
      ["aws:currenttime", "2026-01-01T00:00:00Z"],
      ["aws:principalaccount", "111122223333"],
    ]),
  };
}

function measure(name: string, run: () => boolean, rounds = 500_000): void {
  for (let at = 0; at < rounds; at += 1) run();
  const started = process.hrtime.bigint();
  let allowed = 0;
  for (let at = 0; at < rounds; at += 1) if (run()) allowed += 1;
  const ns = Number(process.hrtime.bigint() - started) / rounds;
  console.log(`${name}: ${ns.toFixed(0)} ns (${allowed === rounds ? "allowed" : "denied"})`);
}

const built = request();
measure("evaluate, context built before", () => evaluate(built, policies).allowed);
measure("evaluate, context built each time", () => evaluate(request(), policies).allowed);
const denied = { ...built, action: "iam:CreateUser" };
measure("evaluate, denied", () => evaluate(denied, policies).allowed);
const document = identityPolicy(0);
measure(
  "compile one policy of 12 statements",
  () => parsePolicy(document, "identity").statements.length === 12,
  2_000,
);
