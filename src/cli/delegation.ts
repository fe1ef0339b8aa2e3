import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { callCloudkeep } from "./client.ts";
import { dataDirectory } from "./home.ts";
import { printable } from "./text.ts";

/** Partners' policy templates and boundaries for temporary delegation, which AWS registers for those that it onboards. */

interface Template {
  PolicyTemplateArn: string;
  PartnerName: string;
  AccountIds: string[];
}

interface Options {
  data?: string;
  account: string[];
  partner: string;
}

export function addDelegation(program: Command): void {
  const delegation = program
    .command("delegation")
    .description("register what partners may ask for by temporary delegation");
  delegation
    .command("template <domain> <name> <file>")
    .description("register a policy template of a partner, or replace it")
    .requiredOption("--partner <name>", "the partner's name, as customers see it")
    .requiredOption("--account <id...>", "accounts of the partner")
    .option("--data <directory>", "data directory")
    .action(async (domain: string, name: string, file: string, { data, account, partner }: Options) => {
      const template = await callCloudkeep<Template>(dataDirectory(data), "PutDelegationTemplate", {
        PartnerName: partner,
        PartnerDomain: domain,
        AccountIds: account,
        TemplateName: name,
        PolicyTemplate: readFileSync(file, "utf8"),
      });
      process.stdout.write(`${template.PolicyTemplateArn}\n`);
    });
  delegation
    .command("boundary <domain> <name> <file>")
    .description("register a permissions boundary for roles that a partner makes")
    .option("--data <directory>", "data directory")
    .action(async (domain: string, name: string, file: string, { data }: Pick<Options, "data">) => {
      const input = { PartnerDomain: domain, PolicyName: name, PolicyDocument: readFileSync(file, "utf8") };
      const { PolicyArn } = await callCloudkeep<{ PolicyArn: string }>(
        dataDirectory(data),
        "PutPartnerBoundary",
        input,
      );
      process.stdout.write(`${PolicyArn}\n`);
    });
  addListing(delegation);
}

function addListing(delegation: Command): void {
  delegation
    .command("list")
    .description("list policy templates")
    .option("--data <directory>", "data directory")
    .action(async ({ data }: Pick<Options, "data">) => {
      let NextToken: string | undefined;
      do {
        const page = await callCloudkeep<{ Templates: Template[]; NextToken?: string }>(
          dataDirectory(data),
          "ListDelegationTemplates",
          NextToken === undefined ? {} : { NextToken },
        );
        for (const { PolicyTemplateArn, PartnerName, AccountIds } of page.Templates)
          process.stdout.write(
            `${printable(`${PolicyTemplateArn}  ${PartnerName}  ${AccountIds.join(" ")}`)}\n`,
          );
        ({ NextToken } = page);
      } while (NextToken !== undefined);
    });
  delegation
    .command("remove <arn>")
    .description("remove a policy template; requests that were made from it stay")
    .option("--data <directory>", "data directory")
    .action(async (PolicyTemplateArn: string, { data }: Pick<Options, "data">) => {
      await callCloudkeep(dataDirectory(data), "DeleteDelegationTemplate", { PolicyTemplateArn });
    });
}
