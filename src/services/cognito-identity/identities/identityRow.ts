/** An identity of a pool. */
export interface IdentityRow {
  identityId: string;
  createdMs: number;
  modifiedMs: number;
  logins: Login[];
  /** Merged into another: it gives no credentials any more. */
  disabled?: true;
}

export interface Login {
  provider: string;
  /** Its key in the table of logins. */
  hash: string;
  /** The name that a developer's own provider gave; values are sealed. */
  developerUser?: string;
}
