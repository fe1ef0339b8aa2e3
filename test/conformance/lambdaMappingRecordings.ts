import type { Recording } from "./lambda.test.ts";
import { type Answers, type Scene, said } from "./lambdaScene.ts";

/** Event source mappings. */

async function tableStream(scene: Scene): Promise<string> {
  const { dynamodb } = scene;
  const TableName = scene.fresh("recorded-table");
  await dynamodb.createTable({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  });
  const StreamSpecification = { StreamEnabled: true, StreamViewType: "NEW_IMAGE" as const };
  const { TableDescription } = await dynamodb.updateTable({ TableName, StreamSpecification });
  return TableDescription?.LatestStreamArn ?? "";
}

async function lifecycle(scene: Scene, deletesFunction: boolean): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made();
  const EventSourceArn = await tableStream(scene);
  const create_response = await said(
    lambda.createEventSourceMapping({
      FunctionName,
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
      BatchSize: 1,
      MaximumBatchingWindowInSeconds: 1,
      MaximumRetryAttempts: 1,
      DestinationConfig: { OnFailure: { Destination: await scene.queue() } },
    }),
  );
  const UUID = create_response.UUID as string;
  const get = () => said(lambda.getEventSourceMapping({ UUID }));
  const answers: Answers = { create_response, get_response: await get() };
  if (deletesFunction) {
    answers.delete_function_response = await said(lambda.deleteFunction({ FunctionName }));
    answers.get_response_post_delete = await get();
  }
  answers.delete_response = await said(lambda.deleteEventSourceMapping({ UUID }));
  return answers;
}

async function names(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const { accountId } = scene.cloudkeep;
  const FunctionName = await scene.made({ Publish: true });
  await lambda.createAlias({ FunctionName, Name: "myalias", FunctionVersion: "1" });
  const partial = `${accountId}:function:${FunctionName}`;
  const arn = scene.arn(FunctionName);
  const answers: Answers = {};
  const asked: [name: string, given: string][] = [
    ["name_only", FunctionName],
    ["partial_arn_latest", `${partial}:$LATEST`],
    ["partial_arn_version", `${partial}:1`],
    ["partial_arn_alias", `${partial}:myalias`],
    ["full_arn_latest", arn],
    ["full_arn_version", `${arn}:1`],
    ["full_arn_alias", `${arn}:myalias`],
  ];
  const EventSourceArn = await scene.queue();
  for (const [name, given] of asked) {
    const created = await said(lambda.createEventSourceMapping({ FunctionName: given, EventSourceArn }));
    answers[`${name}_create_esm`] = created;
    await lambda.deleteEventSourceMapping({ UUID: created.UUID as string });
  }
  return answers;
}

async function positions(scene: Scene, EventSourceArn: string, hasTimes: boolean): Promise<Answers> {
  const FunctionName = await scene.made();
  const create = (StartingPosition?: string) =>
    said(
      scene.lambda.createEventSourceMapping({
        FunctionName,
        EventSourceArn,
        StartingPosition: StartingPosition as never,
      }),
    );
  return {
    no_starting_position: await create(),
    invalid_starting_position: await create("invalid"),
    ...(!hasTimes && { incompatible_starting_position: await create("AT_TIMESTAMP") }),
  };
}

async function tagged(scene: Scene): Promise<{ Resource: string; answers: Answers }> {
  const { lambda } = scene;
  const { EventSourceMappingArn: Resource = "", UUID } = await lambda.createEventSourceMapping({
    FunctionName: await scene.made(),
    EventSourceArn: await scene.queue(),
    Tags: { testtag: "tagged" },
  });
  await lambda.getEventSourceMapping({ UUID });
  return { Resource, answers: { list_tags_result: await said(lambda.listTags({ Resource })) } };
}

async function tagLifecycle(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const { Resource } = await tagged(scene);
  await lambda.untagResource({ Resource, TagKeys: ["testtag"] });
  const answers: Answers = {};
  const step = async (name: string, call: Promise<object>) => {
    answers[name] = await said(call);
    answers[`${name}_listtags`] = await said(lambda.listTags({ Resource }));
  };
  const tag = (Tags: Record<string, string>) => lambda.tagResource({ Resource, Tags });
  const untag = (...TagKeys: string[]) => lambda.untagResource({ Resource, TagKeys });
  await step("tag_single_response", tag({ A: "tag-a" }));
  await step("tag_multiple_response", tag({ B: "tag-b", C: "tag-c" }));
  await step("tag_overlap_response", tag({ C: "tag-c-newsuffix", D: "tag-d" }));
  await step("untag_single_response", untag("A"));
  await step("untag_multiple_response", untag("B", "C"));
  await step("untag_nonexisting_response", untag("F"));
  await step("untag_existing_and_nonexisting_response", untag("D", "F"));
  return answers;
}

const one = (name: string, run: Recording["run"]): Recording => ({ file: "api", name, run });

export const mappingRecordings: Recording[] = [
  one("test_event_source_mapping_lifecycle", (scene) => lifecycle(scene, false)),
  one("test_event_source_mapping_lifecycle_delete_function", (scene) => lifecycle(scene, true)),
  one("test_function_name_variations", names),
  one("test_create_event_source_validation", async (scene) =>
    positions(scene, await tableStream(scene), false),
  ),
  one("test_create_event_source_validation_kinesis", async (scene) => {
    const StreamName = scene.fresh("recorded-stream");
    await scene.kinesis.createStream({ StreamName, ShardCount: 1 });
    const arn = `arn:aws:kinesis:us-east-1:${scene.cloudkeep.accountId}:stream/${StreamName}`;
    return await positions(scene, arn, true);
  }),
  one("test_create_event_filter_criteria_validation", async (scene) => ({
    "response-with-empty-filters": await said(
      scene.lambda.createEventSourceMapping({
        FunctionName: await scene.made(),
        EventSourceArn: await tableStream(scene),
        StartingPosition: "LATEST",
        FilterCriteria: { Filters: [] },
      }),
    ),
  })),
  one("test_create_tag_on_esm_create", async (scene) => (await tagged(scene)).answers),
  one("test_tag_lifecycle[event_source_mapping]", tagLifecycle),
];
