import type { Command } from "commander";
import { dataDirectory, runningInstance } from "./home.ts";

export function addEnv(program: Command): void {
  program
    .command("env")
    .description('print shell variables for AWS clients: eval "$(cloudkeep env)"')
    .option("--data <directory>", "data directory")
    .action(({ data }: { data?: string }) => {
      const { endpoint, region, credentials } = runningInstance(dataDirectory(data));
      const variables = {
        AWS_ENDPOINT_URL: endpoint,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
      };
      for (const [name, value] of Object.entries(variables)) {
        process.stdout.write(`export ${name}='${value.replaceAll("'", "'\\''")}'\n`);
      }
      process.stdout.write("unset AWS_SESSION_TOKEN AWS_PROFILE\n");
    });
}
