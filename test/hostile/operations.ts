import { readFileSync } from "node:fs";
import { buildDirectory } from "../../src/kit/buildFiles.ts";
import type { ServiceDefinition } from "../../src/kit/service.ts";
import type { Contract } from "../../src/protocols/contract.ts";
import { services } from "../../src/services/index.ts";
import { requestOf } from "./encode.ts";
import { exampleInput, type Texts } from "./examples.ts";
import type { Draft } from "./sign.ts";

/** Every operation that is built, from the services' own lists, and a request for each. */

/** An operation that is built. */
export interface Target {
  service: string;
  operation: string;
  name: string;
  /** As its events have them. */
  eventSource: string;
  eventName: string;
  contract: Contract;
}

export async function builtOperations(): Promise<Target[]> {
  const targets: Target[] = [];
  for (const [service, { load }] of Object.entries(services)) {
    const { operations, eventSource, eventNames }: ServiceDefinition = (await load()).default;
    const contract = JSON.parse(
      readFileSync(`${buildDirectory}/contracts/${service}.json`, "utf8"),
    ) as Contract;
    for (const { name } of operations) {
      const eventName = eventNames?.[name] ?? name;
      targets.push({
        service,
        operation: name,
        name: `${service}:${name}`,
        eventSource,
        eventName,
        contract,
      });
    }
  }
  return targets;
}

/** What the requests name: things of the home account, by ARN where a member takes one. */
export function textsOf(accountId: string, keyArn: string): Texts {
  const role = `arn:aws:iam::${accountId}:role/example`;
  const policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  });
  return {
    named: {
      KeyId: keyArn,
      TargetKeyId: keyArn,
      DestinationKeyId: keyArn,
      AliasName: "alias/example",
      RoleArn: role,
      Role: role,
      PrincipalArn: role,
      PolicyArn: `arn:aws:iam::${accountId}:policy/example`,
      PolicySourceArn: role,
      PolicyDocument: policy,
      AssumeRolePolicyDocument: policy,
      AccountId: accountId,
      UserName: "nobody",
      SigningAlgorithm: "ES384",
      EntityPath: "o-exampleorgid/r-example",
      Url: "https://issuer.example.com",
      OpenIDConnectProviderArn: `arn:aws:iam::${accountId}:oidc-provider/issuer.example.com`,
      SAMLProviderArn: `arn:aws:iam::${accountId}:saml-provider/example`,
      "events.ResourceARN": `arn:aws:events:us-east-1:${accountId}:rule/example`,
      "cloudwatch.ResourceARN": `arn:aws:cloudwatch:us-east-1:${accountId}:alarm:example`,
      "scheduler.ResourceArn": `arn:aws:scheduler:us-east-1:${accountId}:schedule-group/example`,
      StreamARN: `arn:aws:kinesis:us-east-1:${accountId}:stream/example`,
      "kinesis.ResourceARN": `arn:aws:kinesis:us-east-1:${accountId}:stream/example`,
      ConsumerARN: `arn:aws:kinesis:us-east-1:${accountId}:stream/example/consumer/example:1700000000`,
      QueueUrl: `https://sqs.us-east-1.amazonaws.com/${accountId}/example`,
      SourceArn: `arn:aws:sqs:us-east-1:${accountId}:example`,
      TaskHandle: Buffer.from(
        JSON.stringify({ taskId: "example", sourceArn: `arn:aws:sqs:us-east-1:${accountId}:example` }),
      ).toString("base64"),
      DurableExecutionArn: `arn:aws:lambda:us-east-1:${accountId}:function:example:$LATEST/durable-execution/example/example`,
      "lambda.Resource": `arn:aws:lambda:us-east-1:${accountId}:function:example`,
      CapacityProviderArn: `arn:aws:lambda:us-east-1:${accountId}:capacity-provider:example`,
      CodeSigningConfigArn: `arn:aws:lambda:us-east-1:${accountId}:code-signing-config:csc-00000000000000000`,
      // Of no account: whoever names a signing profile is shown it again.
      SigningProfileVersionArns: "arn:aws:signer:us-east-1::/signing-profiles/example",
      "lambda.Arn": `arn:aws:lambda:us-east-1:${accountId}:layer:example:1`,
      "lambda.Action": "lambda:GetLayerVersion",
      "iam.EntityArn": `arn:aws:iam::${accountId}:delegation-request/00000000-0000-4000-8000-000000000000`,
      IdentityPoolId: "us-east-1:00000000-0000-4000-8000-000000000000",
      IdentityId: "us-east-1:00000000-0000-4000-8000-000000000001",
      "cognito-identity.ResourceArn": `arn:aws:cognito-identity:us-east-1:${accountId}:identitypool/us-east-1:00000000-0000-4000-8000-000000000000`,
      UserPoolId: "us-east-1_Example00",
      DeviceKey: "us-east-1_00000000-0000-4000-8000-000000000000",
      TermsName: "terms-of-use",
      JobId: "import-Example00",
      "cognito-idp.ResourceArn": `arn:aws:cognito-idp:us-east-1:${accountId}:userpool/us-east-1_Example00`,
      DelegationRequestId: "00000000-0000-4000-8000-000000000000",
      SerialNumber: `arn:aws:iam::${accountId}:mfa/example`,
      DeletionTaskId:
        "task/aws-service-role/example.amazonaws.com/AWSServiceRoleForExample/00000000-0000-4000-8000-000000000000",
    },
    others: [
      "example",
      "v1",
      role,
      "123456",
      "eu-west-1",
      accountId,
      policy,
      "someone@example.com",
      "AKIAIOSFODNN7EXAMPLE",
      "o-exampleorgid",
      "r-example",
      "ou-example-exampleou",
      "p-examplepolicy",
      "h-exampleorgid",
      "car-exampleorgidexampleorgidexampleo",
      "example.amazonaws.com",
      "aws.partner/example.com/example",
      `arn:aws:scheduler:us-east-1:${accountId}:schedule-group/example`,
      `arn:aws:events:us-east-1:${accountId}:connection/example/00000000-0000-4000-8000-000000000000`,
      `arn:aws:kms:us-east-1:${accountId}:key/00000000-0000-4000-8000-000000000000`,
      "arn:aws:route53:::healthcheck/example",
      `arn:aws:events:us-east-1:${accountId}:event-bus/example`,
      "rt-examplepolicy",
      "rs-examplepolicy",
      "us-east-1:00000000-0000-4000-8000-000000000001",
      "authenticated",
      "e".repeat(40),
      "e".repeat(64),
      "e".repeat(128),
      "e".repeat(1_000),
      "00000000-0000-4000-8000-000000000000",
    ],
  };
}

/** The smallest request for an operation. */
export function draftOf(
  { contract, operation }: Pick<Target, "contract" | "operation">,
  texts: Texts,
): Draft {
  return requestOf(contract, operation, exampleInput(contract, operation, texts));
}
