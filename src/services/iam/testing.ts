import { IAM } from "@aws-sdk/client-iam";
import { type Credentials, credentialsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

/** What IAM's tests share. */

export const account = "000000000000";

export function policyOf(...statements: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

export const allowsAll = policyOf({ Effect: "Allow", Action: "*", Resource: "*" });

export function trusting(principal: object): string {
  return policyOf({ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" });
}

export const trustsEc2 = trusting({ Service: "ec2.amazonaws.com" });

export function iamOf({ endpoint }: { endpoint: string }, credentials: Credentials): IAM {
  return new IAM({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
}

export interface Bench {
  cloudkeep: Cloudkeep;
  root: IAM;
  /** A user with one inline policy of these statements. */
  userWho(name: string, ...statements: object[]): Promise<{ iam: IAM; credentials: Credentials }>;
}

export async function startBench(): Promise<Bench> {
  const cloudkeep = await startForTest();
  const root = iamOf(cloudkeep, cloudkeep.credentials);
  return {
    cloudkeep,
    root,
    async userWho(UserName, ...statements) {
      await root.createUser({ UserName });
      if (statements.length > 0) {
        const PolicyDocument = policyOf(...statements);
        await root.putUserPolicy({ UserName, PolicyName: "own", PolicyDocument });
      }
      const { AccessKey } = await root.createAccessKey({ UserName });
      const credentials = credentialsOf(AccessKey);
      return { iam: iamOf(cloudkeep, credentials), credentials };
    },
  };
}
