import type { Lent } from "../kit/ports.ts";
import type { ServiceDefinition } from "../kit/service.ts";

/** What is known of a service before it is loaded. */
export interface ServiceEntry {
  load: () => Promise<{ default: ServiceDefinition }>;
  /** Provides part of the path (credentials, policies), so it is loaded at start; the others on first use. */
  provides?: true;
  /** What other services may ask it for; it is loaded when one does. */
  lends?: readonly (keyof Lent)[];
  /**
   * Documents and pages that the service shows to everybody: their path, and their host where that matters. Only
   * where it takes forms may anything be sent to it.
   */
  publishes?: { path: RegExp; host?: RegExp; takesForms?: true };
  /**
   * Addresses that belong to its customers' resources: in the host (id, and Region if it says one), or, where names
   * cannot be made to resolve, first in the path (id, and the rest).
   */
  endpoints?: { host: RegExp; path: RegExp };
  /** Does something of its own accord from the start on. */
  starts?: true;
  /** Largest body of a request, where it is more than most services take. */
  maxBodyBytes?: number;
  /** Answers unsigned calls, too: they are judged as anybody's. */
  open?: true;
}

/** One line for each service: deleting the line deletes the service. */
export const services: Record<string, ServiceEntry> = {
  iam: { load: () => import("./iam/service.ts"), provides: true },
  sts: {
    load: () => import("./sts/service.ts"),
    provides: true,
    lends: ["webIdentities", "assertions"],
    publishes: { path: /^\/\.well-known\//, host: /^[0-9a-f-]{36}\.tokens\.sts\.global\.api\.aws$/ },
  },
  organizations: { load: () => import("./organizations/service.ts"), provides: true },
  kms: { load: () => import("./kms/service.ts") },
  cloudtrail: { load: () => import("./cloudtrail/service.ts") },
  s3: {
    load: () => import("./s3/service.ts"),
    open: true,
    // Buckets as websites.
    endpoints: {
      host: /^([a-z0-9.-]+)\.s3-website(?:[.-]([a-z0-9-]+))?\.(?:localhost|amazonaws\.com)$/,
      path: /^\/_s3-website\/([a-z0-9.-]+)(\/.*)?$/,
    },
  },
  sqs: { load: () => import("./sqs/service.ts") },
  sns: {
    load: () => import("./sns/service.ts"),
    publishes: { path: /^\/SimpleNotificationService-[0-9a-f]{32}\.pem$/ },
  },
  events: { load: () => import("./events/service.ts") },
  scheduler: { load: () => import("./scheduler/service.ts") },
  logs: { load: () => import("./logs/service.ts") },
  cloudwatch: { load: () => import("./cloudwatch/service.ts") },
  kinesis: { load: () => import("./kinesis/service.ts") },
  dynamodb: { load: () => import("./dynamodb/service.ts") },
  dynamodbstreams: { load: () => import("./dynamodb/streams/service.ts") },
  // Code comes within the request: 50 MB of it, in base64.
  lambda: {
    load: () => import("./lambda/service.ts"),
    starts: true,
    maxBodyBytes: 70_167_211,
    publishes: { path: /^\/2015-03-31\/code\/[\w-]+$/ },
    endpoints: {
      host: /^([a-z0-9]+)\.lambda-url\.([a-z0-9-]+)\.(?:localhost|on\.aws)$/,
      path: /^\/lambda-url\/([a-z0-9]{32})(\/.*)?$/,
    },
  },
  firehose: { load: () => import("./firehose/service.ts") },
  "cognito-identity": {
    load: () => import("./cognito-identity/service.ts"),
    lends: ["identityPools"],
    publishes: {
      path: /^\/\.well-known\/(?:jwks_uri|openid-configuration)$/,
      host: /^cognito-identity(?:\.[a-z0-9-]+)?\.(?:amazonaws\.com|localhost)$/,
    },
  },
  "cognito-idp": {
    load: () => import("./cognito-idp/service.ts"),
    lends: ["userPools"],
    // A pool's id stands before `/.well-known/`, as a host does.
    publishes: {
      path: /^\/\.well-known\/(?:jwks\.json|openid-configuration)$/,
      host: /^[\w-]+_[0-9A-Za-z]+$/,
    },
    // Domains of hosted pages, and where files of users are uploaded to: `user-import/<token>`, `<Region>/<domain>`.
    endpoints: {
      host: /^([a-z0-9-]+)\.auth\.([a-z0-9-]+)\.(?:localhost|amazoncognito\.com)$/,
      path: /^\/(user-import\/[\w.-]+|_cognito\/[a-z0-9-]+\/[a-z0-9.-]+)(\/.*)?$/,
    },
  },
  signin: {
    load: () => import("./signin/service.ts"),
    // Other names are those of S3's buckets.
    publishes: { path: /^\/signin$/, host: /^(?!.+\.(?:localhost|amazonaws\.com)$)/, takesForms: true },
  },
  cloudkeep: { load: () => import("./cloudkeep/service.ts") },
};
