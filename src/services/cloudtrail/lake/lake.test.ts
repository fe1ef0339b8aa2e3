import {
  AddTagsCommand,
  CancelQueryCommand,
  type CloudTrailClient,
  CreateEventDataStoreCommand,
  type CreateEventDataStoreCommandInput,
  DeleteEventDataStoreCommand,
  DeleteResourcePolicyCommand,
  DescribeQueryCommand,
  GetEventDataStoreCommand,
  GetQueryResultsCommand,
  GetResourcePolicyCommand,
  ListEventDataStoresCommand,
  ListQueriesCommand,
  ListTagsCommand,
  PutResourcePolicyCommand,
  RestoreEventDataStoreCommand,
  StartEventDataStoreIngestionCommand,
  StartQueryCommand,
  StopEventDataStoreIngestionCommand,
  UpdateEventDataStoreCommand,
} from "@aws-sdk/client-cloudtrail";
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  type IAMClient,
  ListUsersCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateKeyCommand, type KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, policyOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";

/** Event data stores take the record in, and are queried. */

let cloudkeep: Cloudkeep;
let trail: CloudTrailClient;
let iam: IAMClient;
let kms: KMSClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  const home = clients(cloudkeep, cloudkeep.credentials);
  [trail, iam, kms] = [home.cloudtrail, home.iam, home.kms];
});
afterAll(() => cloudkeep.stop());

let serial = 0;

async function newStore(input: Partial<CreateEventDataStoreCommandInput> = {}) {
  serial += 1;
  const Name = `store-${serial}`;
  const answer = await trail.send(
    new CreateEventDataStoreCommand({ Name, TerminationProtectionEnabled: false, ...input }),
  );
  const EventDataStore = answer.EventDataStoreArn ?? "";
  return { Name, EventDataStore, id: EventDataStore.slice(-36), answer };
}

/** AWS allows ten in a Region. */
async function drop(EventDataStore: string): Promise<void> {
  await trail.send(new DeleteEventDataStoreCommand({ EventDataStore }));
  await cloudkeep.clock.advance(8 * 24 * 3_600_000);
}

async function query(QueryStatement: string, QueryParameters?: string[]) {
  await cloudkeep.clock.advance(0);
  const { QueryId } = await trail.send(new StartQueryCommand({ QueryStatement, QueryParameters }));
  await cloudkeep.clock.advance(0);
  const { QueryStatus, QueryResultRows = [] } = await trail.send(new GetQueryResultsCommand({ QueryId }));
  expect(QueryStatus).toBe("FINISHED");
  return { QueryId, rows: QueryResultRows.map((row) => Object.assign({}, ...row)) };
}

describe("an event data store", () => {
  it("takes in what its selectors ask for, from when it is made and while it is not stopped", async () => {
    await kms.send(new ListKeysCommand({}));
    const FieldSelectors = [
      { Field: "eventCategory", Equals: ["Management"] },
      { Field: "eventSource", Equals: ["kms.amazonaws.com"] },
    ];
    const { id, EventDataStore, answer } = await newStore({ AdvancedEventSelectors: [{ FieldSelectors }] });
    expect(answer).toMatchObject({ Status: "CREATED", RetentionPeriod: 366, MultiRegionEnabled: true });
    await kms.send(new CreateKeyCommand({ Description: "one" }));
    await iam.send(new ListUsersCommand({}));
    const all = `SELECT eventName, element_at(requestParameters, 'description') AS d FROM ${id} ORDER BY eventTime`;
    expect((await query(all)).rows).toEqual([{ eventName: "CreateKey", d: "one" }]);
    await trail.send(new StopEventDataStoreIngestionCommand({ EventDataStore }));
    const again = await errorOf(trail.send(new StopEventDataStoreIngestionCommand({ EventDataStore })));
    expect(again.name).toBe("InvalidEventDataStoreStatusException");
    await cloudkeep.clock.advance(0);
    await kms.send(new CreateKeyCommand({ Description: "two" }));
    expect((await query(all)).rows).toHaveLength(1);
    await trail.send(new StartEventDataStoreIngestionCommand({ EventDataStore }));
    await kms.send(new CreateKeyCommand({ Description: "three" }));
    expect((await query(all)).rows.map(({ d }) => d)).toEqual(["one", "three"]);
    await drop(EventDataStore);
  });

  it("is listed, changed, protected, deleted and restored", async () => {
    const { Name, EventDataStore } = await newStore({ TerminationProtectionEnabled: true });
    const { EventDataStores } = await trail.send(new ListEventDataStoresCommand({}));
    expect(EventDataStores).toContainEqual({ EventDataStoreArn: EventDataStore, Name });
    expect((await errorOf(newStore({ Name }))).name).toBe("EventDataStoreAlreadyExistsException");
    const del = new DeleteEventDataStoreCommand({ EventDataStore });
    expect((await errorOf(trail.send(del))).name).toBe("EventDataStoreTerminationProtectedException");
    const change = { TerminationProtectionEnabled: false, RetentionPeriod: 30 };
    await trail.send(new UpdateEventDataStoreCommand({ EventDataStore, ...change }));
    await trail.send(del);
    const get = new GetEventDataStoreCommand({ EventDataStore });
    expect(await trail.send(get)).toMatchObject({ Status: "PENDING_DELETION", RetentionPeriod: 30 });
    expect((await errorOf(trail.send(del))).name).toBe("InactiveEventDataStoreException");
    await trail.send(new RestoreEventDataStoreCommand({ EventDataStore }));
    expect(await trail.send(get)).toMatchObject({ Status: "ENABLED" });
    await drop(EventDataStore);
    expect((await errorOf(trail.send(get))).name).toBe("EventDataStoreNotFoundException");
  });

  it("has tags, and a policy", async () => {
    const { EventDataStore } = await newStore({ TagsList: [{ Key: "a", Value: "1" }] });
    await trail.send(
      new AddTagsCommand({ ResourceId: EventDataStore, TagsList: [{ Key: "b", Value: "2" }] }),
    );
    const { ResourceTagList } = await trail.send(new ListTagsCommand({ ResourceIdList: [EventDataStore] }));
    expect(ResourceTagList?.[0]?.TagsList).toEqual([
      { Key: "a", Value: "1" },
      { Key: "b", Value: "2" },
    ]);
    const ResourcePolicy = policyOf({
      Principal: { AWS: cloudkeep.accountId },
      Action: "cloudtrail:StartQuery",
      Resource: EventDataStore,
    });
    const of = { ResourceArn: EventDataStore };
    await trail.send(new PutResourcePolicyCommand({ ...of, ResourcePolicy }));
    expect(await trail.send(new GetResourcePolicyCommand(of))).toMatchObject({ ResourcePolicy });
    const bad = new PutResourcePolicyCommand({ ...of, ResourcePolicy: "{}" });
    expect((await errorOf(trail.send(bad))).name).toBe("ResourcePolicyNotValidException");
    await trail.send(new DeleteResourcePolicyCommand(of));
    const gone = await errorOf(trail.send(new GetResourcePolicyCommand(of)));
    expect(gone.name).toBe("ResourcePolicyNotFoundException");
    await drop(EventDataStore);
  });
});

describe("a query", () => {
  it("is described and listed; its answer comes in pages", async () => {
    const { id, EventDataStore } = await newStore();
    for (let i = 0; i < 3; i += 1) await iam.send(new ListUsersCommand({}));
    const statement = `SELECT eventName, count(*) AS n FROM ${id} WHERE eventName = ? GROUP BY eventName`;
    const { QueryId, rows } = await query(statement, ["ListUsers"]);
    expect(rows).toEqual([{ eventName: "ListUsers", n: "3" }]);
    const described = await trail.send(new DescribeQueryCommand({ QueryId }));
    expect(described).toMatchObject({
      QueryString: statement,
      QueryStatus: "FINISHED",
      QueryStatistics: { EventsMatched: 3 },
    });
    const { Queries } = await trail.send(new ListQueriesCommand({ EventDataStore }));
    expect(Queries?.map((one) => one.QueryId)).toEqual([QueryId]);
    const cancel = await errorOf(trail.send(new CancelQueryCommand({ QueryId })));
    expect(cancel.name).toBe("InactiveQueryException");
    const { QueryId: each } = await query(`SELECT eventID FROM ${id} WHERE eventName = 'ListUsers'`);
    const seen: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = await trail.send(
        new GetQueryResultsCommand({ QueryId: each, MaxQueryResults: 2, NextToken }),
      );
      seen.push(...(page.QueryResultRows ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(3);
    await drop(EventDataStore);
  });

  it("is refused where it cannot be read, and to those who may not ask it of the store", async () => {
    const { id, EventDataStore } = await newStore();
    const bad = new StartQueryCommand({ QueryStatement: `SELECT nothing FROM ${id}` });
    expect(await errorOf(trail.send(bad))).toMatchObject({
      name: "InvalidQueryStatementException",
      message: expect.stringContaining("Column 'nothing' cannot be resolved"),
    });
    await iam.send(new CreateUserCommand({ UserName: "asker" }));
    const Resource = EventDataStore.replace(id, "00000000-0000-4000-8000-000000000000");
    const PolicyDocument = policyOf({ Action: "cloudtrail:*", Resource });
    await iam.send(new PutUserPolicyCommand({ UserName: "asker", PolicyName: "p", PolicyDocument }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "asker" }));
    const asker = clients(cloudkeep, credentialsOf(AccessKey)).cloudtrail;
    const QueryStatement = `SELECT eventName FROM ${id}`;
    const denied = await errorOf(asker.send(new StartQueryCommand({ QueryStatement })));
    expect(denied.name).toBe("AccessDeniedException");
    const { QueryId } = await query(QueryStatement);
    const theirs = await errorOf(asker.send(new GetQueryResultsCommand({ QueryId })));
    expect(theirs.name).toBe("AccessDeniedException");
    await drop(EventDataStore);
  });
});
