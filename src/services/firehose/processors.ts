import type { ProcessingConfiguration, Processor } from "@aws-sdk/client-firehose";

/** The processors of a destination, and their parameters. */

export type ProcessorName = NonNullable<Processor["Type"]>;

export function processorsOf(configuration: ProcessingConfiguration | undefined): Processor[] {
  return configuration?.Enabled === true ? (configuration.Processors ?? []) : [];
}

export function processorOf(
  configuration: ProcessingConfiguration | undefined,
  type: ProcessorName,
): Processor | undefined {
  return processorsOf(configuration).find(({ Type }) => Type === type);
}

export function parameterOf({ Parameters }: Processor, name: string): string | undefined {
  return Parameters?.find(({ ParameterName }) => ParameterName === name)?.ParameterValue;
}

export function numberOf(processor: Processor, name: string, otherwise: number): number {
  const value = Number(parameterOf(processor, name) ?? otherwise);
  return Number.isFinite(value) ? value : otherwise;
}
