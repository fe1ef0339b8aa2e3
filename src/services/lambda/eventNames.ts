/**
 * How the record calls Lambda's older operations: with the date of the API that brought them, and the version of
 * their event. What came since 2019 has no such ending.
 * https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
 */
const endings: Readonly<Record<string, readonly string[]>> = {
  "20150331": [
    "CreateAlias",
    "CreateEventSourceMapping",
    "CreateFunction",
    "DeleteAlias",
    "DeleteEventSourceMapping",
    "DeleteFunction",
    "GetAlias",
    "GetEventSourceMapping",
    "ListAliases",
    "ListEventSourceMappings",
    "ListFunctions",
    "ListVersionsByFunction",
    "PublishVersion",
    "UpdateAlias",
    "UpdateEventSourceMapping",
  ],
  "20150331v2": [
    "AddPermission",
    "GetFunction",
    "GetFunctionConfiguration",
    "GetPolicy",
    "RemovePermission",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
  ],
  "20160819": ["GetAccountSettings"],
  "20170331": ["ListTags"],
  "20170331v2": ["TagResource", "UntagResource"],
  "20171031": ["DeleteFunctionConcurrency", "PutFunctionConcurrency"],
  "20181031": [
    "AddLayerVersionPermission",
    "DeleteLayerVersion",
    "GetLayerVersion",
    "GetLayerVersionPolicy",
    "ListLayers",
    "ListLayerVersions",
    "PublishLayerVersion",
    "RemoveLayerVersionPermission",
  ],
};

export const eventNames: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(endings).flatMap(([ending, names]) => names.map((name) => [name, name + ending])),
);
