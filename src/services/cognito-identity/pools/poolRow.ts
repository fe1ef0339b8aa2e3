/** An identity pool as it is kept. */
export interface PoolRow {
  poolId: string;
  name: string;
  allowUnauthenticated: boolean;
  allowClassic?: boolean;
  developerProvider?: string;
  /** Public providers with the app's id there. */
  loginProviders?: Record<string, string>;
  oidcArns?: string[];
  samlArns?: string[];
  userPools?: { provider: string; clientId: string; checksUser: boolean }[];
  tags: Record<string, string>;
  roles?: { authenticated?: string; unauthenticated?: string };
  /** By provider: `cognito-idp.…/pool:client`, an ARN, or a public provider's name. */
  mappings?: Record<string, RoleMapping>;
}

export interface RoleMapping {
  type: "Token" | "Rules";
  /** What happens where no role fits; left out, the call is refused. */
  ambiguous?: "AuthenticatedRole" | "Deny";
  rules?: Rule[];
}

export interface Rule {
  claim: string;
  match: "Equals" | "Contains" | "StartsWith" | "NotEqual";
  value: string;
  role: string;
}
