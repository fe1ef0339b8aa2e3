import { table } from "../../kit/table.ts";

export interface LookupTableRow {
  name: string;
  arn: string;
  description?: string;
  fields: string[];
  records: number;
  sizeBytes: number;
  createdAt: number;
  lastUpdatedTime: number;
  tags: Record<string, string>;
}

type Key = [account: string, region: string, name: string];

/** Lookup tables, by account and Region; their texts are apart, as they may be large. */
export const lookupTables = table<LookupTableRow, Key>("logs", "lookupTables");
export const lookupBodies = table<{ body: string }, Key>("logs", "lookupBodies");
