/** Recorded cases that are not asked, and why. */
export const leftOut: { cases: RegExp; why: string }[] = [
  { cases: /image|Image/, why: "container images are not run" },
  { cases: /snapstart/, why: "there are no snapshots; the setting alone is kept" },
  { cases: /capacity_provider/, why: "capacity providers are on the list of missing operations" },
  { cases: /self_managed|vpc_config|xray/, why: "Kafka, virtual private clouds and X-Ray are not there" },
  {
    cases: /^(?:common|runtimes) .*\[(?:java|ruby|dotnet|go|provided|python|nodejs)/,
    why: "the recorded functions need AWS's runtimes or code that is not recorded; invocation.test.ts runs our own",
  },
  {
    cases: /^runtimes|^common test_/,
    why: "the same",
  },
  {
    cases: /^lambda /,
    why: "the code of the recorded functions is not recorded; invocation.test.ts, events.test.ts and urls.test.ts ask the same of our own",
  },
  {
    cases: /^destinations /,
    why: "the code of the recorded functions is not recorded; events.test.ts asks the same of our own",
  },
  {
    cases: /^(?:sqs|kinesis|tables) /,
    why: "the code of the recorded functions is not recorded; events.test.ts, streams.test.ts and tableStreams.test.ts ask the same of our own",
  },
  {
    cases: /test_function_name_and_qualifier_validation|test_function_arns/,
    why: "the names that were asked are not recorded",
  },
  {
    cases: /permission_optional_fields|update_function_configuration_full_arn|cross_region_arn/,
    why: "nothing was recorded",
  },
  {
    cases: /test_oversized_request/,
    why: "a request that is too large is refused before it is read which operation it names, and AWS's words name it",
  },
  { cases: /test_lambda_concurrent_/, why: "an update is done when it is answered: none is in progress" },
  {
    cases:
      /test_lambda_permission_revisions|test_lambda_permission_fn_versioning|test_function_revisions_permissions/,
    why: "two recordings contradict each other: whether a policy's revision is the function's own",
  },
];
