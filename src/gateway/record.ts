import type { Caller } from "../kit/caller.ts";
import type { EventNotes, RequestFacts, ServiceEventDetails } from "../kit/context.ts";
import type { AwsError } from "../kit/errors.ts";
import { uuid } from "../kit/ids.ts";
import { eventTime, type RecordRow, type TrailEvent } from "../kit/record.ts";
import type { Operation } from "../kit/service.ts";
import type { Contract } from "../protocols/contract.ts";
import { redactor, type Sensitive } from "../protocols/redact.ts";
import type { LogEntry } from "../storage/store.ts";
import { identityOf, userNameOf } from "./recordIdentity.ts";
import { rowText } from "./recordText.ts";

/**
 * One CloudTrail event for every call.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */

export interface CompletedCall {
  requestId: string;
  caller: Caller;
  contract: Contract;
  eventSource: string;
  eventName: string;
  operation: Operation;
  /** What becomes of sensitive members. */
  sensitive: Sensitive;
  region: string;
  /** A global service's events stand in us-east-1, wherever the call came from. */
  global: boolean;
  atMs: number;
  request: RequestFacts;
  input: Record<string, unknown>;
  output?: Record<string, unknown> | undefined;
  error?: AwsError | undefined;
  notes: EventNotes;
  /** How many deliveries led to the call. */
  hops?: number | undefined;
  /** Why the call was allowed or denied, for `explain`. */
  decisions: unknown[];
}

const readOnlyNames =
  /^(Get|List|Describe|Lookup|Simulate|BatchGet|Query|Scan|Search|Head|Test|Validate|Check|Preview|Estimate)/;

export function isReadOnly(operation: Operation): boolean {
  return operation.record?.readOnly ?? readOnlyNames.test(operation.name);
}

/** The record's entries for one call: the caller's, and one for each other account that shares it. */
export function entriesOf(call: CompletedCall): LogEntry[] {
  const event = eventOf(call);
  const others = [...call.notes.sharedWith].filter((account) => account !== event.recipientAccountId);
  if (others.length > 0) event.sharedEventID = uuid();
  const own = rowEntry(call, event, call.decisions);
  const shared = others.map((account) => {
    const { principalId, accountId, type, invokedBy } = event.userIdentity;
    const userIdentity =
      type === "AWSService" ? { type, invokedBy } : { type: "AWSAccount", principalId, accountId };
    return rowEntry(call, { ...event, userIdentity, eventID: uuid(), recipientAccountId: account }, []);
  });
  return [own, ...shared];
}

/** The record's entry for what is no call: a service's own doing, or a sign-in. */
export function serviceEventEntry(
  eventName: string,
  details: ServiceEventDetails,
  origin: { eventSource: string; account: string; region: string; atMs: number },
): LogEntry {
  const account = details.account ?? origin.account;
  const region = details.region ?? origin.region;
  const { by } = details;
  const event = {
    eventVersion: "1.11",
    userIdentity: by?.userIdentity ?? { accountId: account, invokedBy: "AWS Internal" },
    eventTime: eventTime(origin.atMs),
    eventSource: origin.eventSource,
    eventName,
    awsRegion: region,
    sourceIPAddress: by?.request.sourceIp ?? "AWS Internal",
    userAgent: by?.request.userAgent ?? "AWS Internal",
    errorMessage: details.errorMessage,
    requestParameters: null,
    responseElements: details.responseElements ?? null,
    additionalEventData: details.additionalEventData,
    eventID: uuid(),
    readOnly: false,
    ...(details.resources && { resources: details.resources }),
    eventType: details.eventType ?? "AwsServiceEvent",
    managementEvent: true,
    recipientAccountId: account,
    ...(details.serviceEventDetails && { serviceEventDetails: details.serviceEventDetails }),
    eventCategory: "Management",
    tlsDetails: by && tlsOf(by.request),
  };
  const resources = (details.resources ?? []).map(({ type, ARN }) => ({ type, name: ARN }));
  const userName = by?.userIdentity.userName;
  const row = {
    account,
    region,
    event,
    ...(resources.length > 0 && { resources }),
    ...(typeof userName === "string" && { userName }),
  };
  return { at: origin.atMs, text: JSON.stringify(row), terms: termsOf(row) };
}

function rowEntry(call: CompletedCall, event: TrailEvent, decisions: unknown[]): LogEntry {
  const resources = resourcesOf(call, event);
  const userName = userNameOf(call.caller);
  const row: RecordRow = {
    account: event.recipientAccountId,
    region: event.awsRegion,
    event,
    resources: resources.length > 0 ? resources : undefined,
    userName: userName || undefined,
    hops: call.hops || undefined,
    decisions: decisions.length > 0 ? decisions : undefined,
  };
  return { at: call.atMs, text: rowText(row), terms: termsOf(row) };
}

/** One shape for every event, absent members undefined: it is made for every call. */
function eventOf(call: CompletedCall): TrailEvent {
  const { caller, request, error, notes, operation } = call;
  const readOnly = isReadOnly(operation);
  const account =
    caller.principal.account || caller.sourceAccount || call.notes.sharedWith.values().next().value || "";
  return {
    eventVersion: "1.11",
    userIdentity: notes.userIdentity ?? identityOf(caller),
    eventTime: eventTime(call.atMs),
    eventSource: call.eventSource,
    eventName: call.eventName,
    awsRegion: call.global ? "us-east-1" : call.region,
    sourceIPAddress:
      caller.principal.kind === "service" ? (caller.principal.service ?? "") : request.sourceIp,
    userAgent: caller.principal.kind === "service" ? (caller.principal.service ?? "") : request.userAgent,
    errorCode: error?.code,
    errorMessage: error?.message,
    requestParameters: requestOf(call),
    responseElements: readOnly || error ? null : responseOf(call),
    additionalEventData: notes.additionalEventData,
    requestID: call.requestId,
    eventID: uuid(),
    readOnly,
    resources: notes.resources.length > 0 ? notes.resources : undefined,
    eventType: "AwsApiCall",
    managementEvent: !operation.record?.data,
    recipientAccountId: account,
    sharedEventID: undefined,
    eventCategory: operation.record?.data ? "Data" : "Management",
    tlsDetails: tlsOf(request),
  };
}

function tlsOf({ tls, host }: RequestFacts): Record<string, string> | undefined {
  return tls && { tlsVersion: tls.version, cipherSuite: tls.cipherSuite, clientProvidedHostHeader: host };
}

function requestOf(call: CompletedCall): unknown {
  const shape = call.contract.operations[call.operation.name]?.input;
  if (shape === undefined) return null;
  const { requestOnly } = call.operation.record ?? {};
  if (requestOnly !== undefined) return requestOnly(call.input as never);
  const recorded = redactor(call.contract, shape, call.sensitive)(call.input) as Record<string, unknown>;
  const adapted = call.operation.record?.request
    ? call.operation.record.request(recorded, call.input as never)
    : recorded;
  return adapted === null || Object.keys(adapted).length === 0 ? null : adapted;
}

function responseOf(call: CompletedCall): unknown {
  const shape = call.contract.operations[call.operation.name]?.output;
  if (shape === undefined || call.output === undefined) return null;
  const recorded = redactor(call.contract, shape, call.sensitive)(call.output) as Record<string, unknown>;
  const adapted = call.operation.record?.response
    ? call.operation.record.response(recorded, call.output as never)
    : recorded;
  return adapted === null || Object.keys(adapted).length === 0 ? null : adapted;
}

/** What LookupEvents searches by, and what `explain` finds a request by. */
function termsOf({ event, resources, userName }: RecordRow): string[] {
  const terms = [
    // The event history holds management events only.
    `${event.managementEvent ? "at" : "data"}=${event.recipientAccountId}/${event.awsRegion}`,
    `EventName=${event.eventName}`,
    `EventSource=${event.eventSource}`,
    `EventId=${event.eventID}`,
    `ReadOnly=${event.readOnly}`,
  ];
  if (event.requestID) terms.push(`RequestId=${event.requestID}`);
  if (userName) terms.push(`Username=${userName}`);
  const { accessKeyId } = event.userIdentity;
  if (typeof accessKeyId === "string") terms.push(`AccessKeyId=${accessKeyId}`);
  const issuer = issuerOf(event.userIdentity);
  if (issuer !== undefined) terms.push(`Issuer=${issuer}`);
  for (const { type, name } of resources ?? []) terms.push(`ResourceType=${type}`, `ResourceName=${name}`);
  return terms;
}

/** ARN of the role whose session made a call. */
function issuerOf({ sessionContext }: Record<string, unknown>): string | undefined {
  return (sessionContext as { sessionIssuer?: { arn?: string } } | undefined)?.sessionIssuer?.arn;
}

function resourcesOf(call: CompletedCall, event: TrailEvent): { type: string; name: string }[] {
  const declared = call.operation.record?.resources?.(call.input as never, call.output as never) ?? [];
  return [...(event.resources ?? []).map(({ type, ARN }) => ({ type, name: ARN })), ...declared];
}
