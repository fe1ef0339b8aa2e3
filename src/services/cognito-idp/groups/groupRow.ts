export interface GroupRow {
  name: string;
  description?: string;
  roleArn?: string;
  precedence?: number;
  createdMs: number;
  modifiedMs: number;
}
