import type { DashboardValidationMessage } from "@aws-sdk/client-cloudwatch";

/**
 * What is wrong with the body of a dashboard: errors refuse it, warnings are told.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
export interface Checked {
  errors: DashboardValidationMessage[];
  warnings: DashboardValidationMessage[];
}

const widgetTypes = ["metric", "text", "log", "alarm", "explorer", "custom"];
const maxWidgets = 500;
/** Columns of the grid, and how high a widget may be. */
const limits = { x: [0, 23], y: [0, Number.MAX_SAFE_INTEGER], width: [1, 24], height: [1, 1_000] } as const;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function checkBody(text: string): Checked {
  const found: Checked = { errors: [], warnings: [] };
  const body = parsed(text);
  if (!isObject(body)) {
    found.errors.push({ Message: "The dashboard body must be a valid JSON object." });
    return found;
  }
  const { widgets } = body;
  if (!Array.isArray(widgets)) {
    found.errors.push({ DataPath: "/widgets", Message: "The dashboard body must have an array of widgets." });
    return found;
  }
  if (widgets.length > maxWidgets)
    found.errors.push({
      DataPath: "/widgets",
      Message: `A dashboard can have at most ${maxWidgets} widgets.`,
    });
  for (const [i, widget] of widgets.entries()) checkWidget(widget, `/widgets/${i}`, found);
  return found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkWidget(widget: unknown, path: string, { errors, warnings }: Checked): void {
  if (!isObject(widget)) {
    errors.push({ DataPath: path, Message: "A widget must be an object." });
    return;
  }
  const { type, properties } = widget;
  if (typeof type !== "string")
    errors.push({ DataPath: path, Message: "Should have required property 'type'" });
  else if (!widgetTypes.includes(type))
    errors.push({
      DataPath: `${path}/type`,
      Message: `Should match exactly one of: ${widgetTypes.join(", ")}`,
    });
  if (!isObject(properties))
    errors.push({ DataPath: path, Message: "Should have required property 'properties'" });
  else checkProperties(String(type), properties, `${path}/properties`, { errors, warnings });
  for (const [name, [least, most]] of Object.entries(limits)) {
    const value = widget[name];
    if (value === undefined) continue;
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
      errors.push({ DataPath: `${path}/${name}`, Message: `Should be an integer from ${least} to ${most}` });
  }
}

function checkProperties(
  type: string,
  properties: Record<string, unknown>,
  path: string,
  { errors, warnings }: Checked,
): void {
  const needs = (name: string, list: DashboardValidationMessage[]) => {
    if (properties[name] === undefined)
      list.push({ DataPath: path, Message: `Should have required property '${name}'` });
  };
  if (type === "text") needs("markdown", errors);
  if (type === "log") needs("query", errors);
  if (type === "alarm") needs("alarms", errors);
  if (type !== "metric") return;
  if (properties.annotations === undefined) needs("metrics", errors);
  needs("region", warnings);
  if (properties.metrics !== undefined && !Array.isArray(properties.metrics))
    errors.push({ DataPath: `${path}/metrics`, Message: "Should be an array" });
}
