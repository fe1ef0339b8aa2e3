import { CreateUserCommand } from "@aws-sdk/client-iam";
import { CreateAliasCommand, CreateKeyCommand } from "@aws-sdk/client-kms";
import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, startForTest } from "../harness.ts";
import { requestOf } from "./encode.ts";
import { builtOperations, textsOf } from "./operations.ts";
import { randomInput, type Source, seeded } from "./random.ts";
import { send } from "./raw.ts";
import { signed } from "./sign.ts";

/** No input of a caller who may do everything ends in a fault of our own. */

const calls = 40;
/** They change what the other calls stand on. */
const leftOut = ["cloudkeep:ResetState", "cloudkeep:AdvanceClock"];
const targets = (await builtOperations()).filter(({ name }) => !leftOut.includes(name));

let cloudkeep: Cloudkeep;
let texts: string[];
beforeAll(async () => {
  cloudkeep = await startForTest();
  const root = clients(cloudkeep, cloudkeep.credentials);
  await root.iam.send(new CreateUserCommand({ UserName: "example" }));
  const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
  await root.kms.send(
    new CreateAliasCommand({ AliasName: "alias/example", TargetKeyId: KeyMetadata?.KeyId }),
  );
  await root.sqs.send(new CreateQueueCommand({ QueueName: "example" }));
  const { Organization } = await root.organizations.send(new CreateOrganizationCommand({}));
  const { named, others } = textsOf(cloudkeep.accountId, KeyMetadata?.Arn ?? "");
  texts = [
    ...Object.values(named),
    ...others,
    KeyMetadata?.KeyId ?? "",
    "alias/example",
    Organization?.Id ?? "",
    Organization?.MasterAccountId ?? "",
  ];
});
afterAll(() => cloudkeep.stop());

describe("whatever it is asked", () => {
  it.each(targets.map((target, i) => ({ ...target, seed: i + 1 })))(
    "$name ends in an answer or in a refusal",
    async ({ seed, ...target }) => {
      const source: Source = { random: seeded(seed), texts };
      const options = {
        credentials: cloudkeep.credentials,
        service: target.contract.signingName,
        host: `127.0.0.1:${cloudkeep.port}`,
      };
      for (let i = 0; i < calls; i += 1) {
        const { contract, operation } = target;
        const draft = requestOf(contract, operation, randomInput(contract, operation, source));
        const answer = await send(cloudkeep.port, signed("header", draft, options));
        const shown =
          answer.status < 500
            ? ""
            : `${draft.path} ${draft.body}
${answer.body}`;
        expect([answer.status < 500, shown]).toEqual([true, ""]);
      }
    },
    30_000,
  );
});
