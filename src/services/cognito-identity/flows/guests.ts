/**
 * The most that a guest may do in the enhanced flow, whatever the role allows.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html#access-policies-scope-down-services
 */
const actions = [
  "cloudwatch:*",
  "logs:*",
  "dynamodb:*",
  "kinesis:*",
  "mobileanalytics:*",
  "s3:*",
  "ses:*",
  "sns:*",
  "sqs:*",
  "lambda:*",
  "machinelearning:*",
  "execute-api:*",
  "iot:*",
  "gamelift:*",
  "cognito-identity:*",
  "cognito-idp:*",
  "lex:*",
  "polly:*",
  "comprehend:*",
  "translate:*",
  "transcribe:*",
  "rekognition:*",
  "mobiletargeting:*",
  "firehose:*",
  "appsync:*",
  "personalize:*",
  "sagemaker:InvokeEndpoint",
  "cognito-sync:*",
  "codewhisperer:*",
  "textract:DetectDocumentText",
  "textract:AnalyzeDocument",
  "sdb:*",
];

export const guestLimits = {
  Policy: JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }],
  }),
  PolicyArns: [{ arn: "arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy" }],
};
