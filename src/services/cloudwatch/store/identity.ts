import { hash } from "node:crypto";

/** How a metric is told from others: its name and its dimensions, in order of their names, within a namespace. */

export interface Dimension {
  Name: string;
  Value: string;
}

export interface Metric {
  namespace: string;
  name: string;
  dimensions: readonly Dimension[];
}

/** Name and dimensions as one text, the same however the dimensions were ordered. No line break or tab is in it. */
export function identityOf(name: string, dimensions: readonly Dimension[] = []): string {
  if (dimensions.length === 0) return JSON.stringify([name]);
  const parts = [name];
  for (const { Name, Value } of sorted(dimensions)) parts.push(Name, Value);
  return JSON.stringify(parts);
}

export function parseIdentity(namespace: string, identity: string): Metric {
  const [name = "", ...parts] = JSON.parse(identity) as string[];
  const dimensions: Dimension[] = [];
  for (let i = 0; i < parts.length; i += 2)
    dimensions.push({ Name: parts[i] as string, Value: parts[i + 1] as string });
  return { namespace, name, dimensions };
}

/** Most callers give dimensions in one order always; only others are sorted. */
function sorted(dimensions: readonly Dimension[]): readonly Dimension[] {
  for (let i = 1; i < dimensions.length; i += 1) {
    if ((dimensions[i - 1] as Dimension).Name > (dimensions[i] as Dimension).Name)
      return [...dimensions].sort((a, b) => (a.Name < b.Name ? -1 : 1));
  }
  return dimensions;
}

const idCharacters = 22;

function idOf(text: string): string {
  return hash("sha256", text, "base64url").slice(0, idCharacters);
}

/** Names of any length and any letters become key parts of one form. */
export function namespaceId(namespace: string): string {
  return idOf(namespace);
}

export function seriesId(namespace: string, identity: string): string {
  return idOf(`${namespace}\n${identity}`);
}
