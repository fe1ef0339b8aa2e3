import { answerOf } from "./recorded.ts";
import { answersOf, fresh, type Recording, type Scene, topicOf } from "./snsRecordings.ts";

/** What was recorded of SNS's platform applications, their endpoints and text messages, asked again here. */

const credentials = { PlatformCredential: "dummy", PlatformPrincipal: "dummy" };

async function appOf({ sns }: Scene, Name = fresh("app")): Promise<string> {
  const made = await sns.createPlatformApplication({ Name, Platform: "ADM", Attributes: credentials });
  return made.PlatformApplicationArn ?? "";
}

async function endpointOf(scene: Scene, app: string, more: Record<string, unknown> = {}): Promise<string> {
  const input = { PlatformApplicationArn: app, Token: "token_1", ...more };
  return (await scene.sns.createPlatformEndpoint(input)).EndpointArn ?? "";
}

const noApp = ({ account }: Scene) => `arn:aws:sns:us-east-1:${account}:app/ADM/no-such-app`;
const noEndpoint = ({ account }: Scene) => `arn:aws:sns:us-east-1:${account}:endpoint/ADM/no-app/no-endpoint`;

const missingAttributes = [
  ["no-args", {}],
  ["missing-credential", { PlatformPrincipal: "dummy" }],
  ["missing-principal", { PlatformCredential: "dummy" }],
  ["dummy-args", credentials],
] as const;

const badNames = [
  ["too-long", "a".repeat(257)],
  ["empty", ""],
  ["invalid-char", "@name"],
] as const;

const badEndpointAttributes: [string, Record<string, string>][] = [
  ["Invalid_Name_Principal", { PlatformPrincipal: "dummy" }],
  ["Invalid_Name_Credential", { PlatformCredential: "dummy" }],
  ["Invalid_Name_Generic", { InvalidKey: "dummy" }],
  ["Data_Too_Long", { CustomUserData: "x".repeat(2049) }],
];

const applicationRecordings: Recording[] = [
  {
    name: "test_create_platform_application",
    run: async ({ sns }) => {
      const input = { Name: fresh("app"), Platform: "ADM", Attributes: credentials };
      return answersOf({ "create-platform-application": () => sns.createPlatformApplication(input) });
    },
  },
  {
    name: "test_list_platform_applications",
    run: async (scene) => {
      // A Region of its own: others make applications, too.
      const elsewhere = { ...scene, sns: scene.elsewhere };
      await appOf(elsewhere);
      return answersOf({
        "list-platform-applications": () => elsewhere.sns.listPlatformApplications({}),
      });
    },
  },
  ...missingAttributes.slice(0, 3).map(
    ([id, Attributes]): Recording => ({
      name: `test_create_platform_application_invalid_attributes[${id}]`,
      run: ({ sns }) =>
        answersOf({
          "platform-application-no-attributes": () =>
            sns.createPlatformApplication({ Name: fresh("app"), Platform: "ADM", Attributes }),
        }),
    }),
  ),
  ...badNames.map(
    ([id, Name]): Recording => ({
      name: `test_create_platform_application_invalid_name[${id}]`,
      run: ({ sns }) =>
        answersOf({
          "invalid-application-name": () =>
            sns.createPlatformApplication({ Name, Platform: "ADM", Attributes: credentials }),
        }),
    }),
  ),
  {
    name: "test_create_platform_application_invalid_platform",
    run: ({ sns }) =>
      answersOf({
        "invalid-platform": () =>
          sns.createPlatformApplication({ Name: fresh("app"), Platform: "AAA", Attributes: credentials }),
      }),
  },
  {
    name: "test_get_platform_application_attributes_invalid_arn",
    run: ({ sns }) =>
      answersOf({
        "invalid-application-arn": () =>
          sns.getPlatformApplicationAttributes({ PlatformApplicationArn: "invalid" }),
      }),
  },
  {
    name: "test_get_platform_application_attributes",
    run: async (scene) => {
      const PlatformApplicationArn = await appOf(scene);
      return answersOf({
        "get-application-attributes": () =>
          scene.sns.getPlatformApplicationAttributes({ PlatformApplicationArn }),
      });
    },
  },
  {
    name: "test_set_platform_application_attributes",
    run: async (scene) => {
      const PlatformApplicationArn = await appOf(scene);
      const Attributes = { SuccessFeedbackSampleRate: "50" };
      await scene.sns.setPlatformApplicationAttributes({ PlatformApplicationArn, Attributes });
      return answersOf({
        "set-get-application-attributes": () =>
          scene.sns.getPlatformApplicationAttributes({ PlatformApplicationArn }),
      });
    },
  },
  {
    name: "test_get_platform_application_attributes_non_existing_app",
    run: (scene) =>
      answersOf({
        "non_existing-application-arn": () =>
          scene.sns.getPlatformApplicationAttributes({ PlatformApplicationArn: noApp(scene) }),
      }),
  },
  {
    name: "test_set_platform_application_attributes_invalid_arn",
    run: ({ sns }) =>
      answersOf({
        "invalid-application-arn": () =>
          sns.setPlatformApplicationAttributes({
            PlatformApplicationArn: "invalid",
            Attributes: credentials,
          }),
      }),
  },
  ...missingAttributes.map(
    ([id, Attributes]): Recording => ({
      name: `test_set_platform_application_attributes_non_existing_app[${id}]`,
      run: (scene) =>
        answersOf({
          "non_existing-application-arn": () =>
            scene.sns.setPlatformApplicationAttributes({ PlatformApplicationArn: noApp(scene), Attributes }),
        }),
    }),
  ),
];

const endpointRecordings: Recording[] = [
  {
    name: "test_create_platform_endpoint",
    run: async (scene) => {
      const PlatformApplicationArn = await appOf(scene);
      return answersOf({
        "create-platform-endpoint": () =>
          scene.sns.createPlatformEndpoint({ PlatformApplicationArn, Token: "token_1" }),
      });
    },
  },
  {
    name: "test_create_platform_endpoint_idempotency",
    run: async (scene) => {
      const PlatformApplicationArn = await appOf(scene);
      const create = (CustomUserData: string) => () =>
        scene.sns.createPlatformEndpoint({ PlatformApplicationArn, Token: "token_1", CustomUserData });
      return answersOf({
        "create-platform-endpoint": create("one"),
        "create-platform-endpoint-idempotent": create("one"),
        "create-platform-endpoint-different-token": create("another"),
      });
    },
  },
  {
    name: "test_create_platform_endpoint_non_existent_app",
    run: (scene) =>
      answersOf({
        "create-platform-endpoint": () =>
          scene.sns.createPlatformEndpoint({ PlatformApplicationArn: noApp(scene), Token: "token_1" }),
      }),
  },
  {
    name: "test_list_platform_endpoints",
    run: async (scene) => {
      const PlatformApplicationArn = await appOf(scene);
      await endpointOf(scene, PlatformApplicationArn);
      return answersOf({
        "list-endpoints-by-app": () =>
          scene.sns.listEndpointsByPlatformApplication({ PlatformApplicationArn }),
      });
    },
  },
  {
    name: "test_delete_platform_endpoint",
    run: async (scene) => {
      const PlatformApplicationArn = await appOf(scene);
      const EndpointArn = await endpointOf(scene, PlatformApplicationArn);
      const list = () => scene.sns.listEndpointsByPlatformApplication({ PlatformApplicationArn });
      return answersOf({
        "list-endpoints-by-app-pre-delete": list,
        "delete-endpoint": () => scene.sns.deleteEndpoint({ EndpointArn }),
        "list-endpoints-by-app-post-delete": list,
      });
    },
  },
  {
    name: "test_delete_endpoints_of_deleted_app",
    run: async (scene) => {
      const PlatformApplicationArn = await appOf(scene);
      await endpointOf(scene, PlatformApplicationArn);
      return answersOf({
        "delete-application": () => scene.sns.deletePlatformApplication({ PlatformApplicationArn }),
        "list-endpoints-after-app-delete": () =>
          scene.sns.listEndpointsByPlatformApplication({ PlatformApplicationArn }),
      });
    },
  },
  {
    name: "test_delete_platform_endpoint_with_subscription",
    run: async (scene) => {
      const Endpoint = await endpointOf(scene, await appOf(scene));
      const TopicArn = await topicOf(scene.sns);
      await scene.sns.subscribe({ TopicArn, Protocol: "application", Endpoint });
      // Asked of the topic, and not of the account, in which others subscribe; the recorded token led to an empty page.
      const list = async () => ({
        ...(await scene.sns.listSubscriptionsByTopic({ TopicArn })),
        NextToken: "token",
      });
      return {
        "list-subscriptions-pre-delete": await answerOf(list()),
        "delete-endpoint": await answerOf(scene.sns.deleteEndpoint({ EndpointArn: Endpoint })),
        "list-subscriptions-post-delete": await answerOf(
          list().then((a) => ({ ...a, NextToken: "another" })),
        ),
      };
    },
  },
  {
    name: "test_get_platform_endpoint_attributes",
    run: async (scene) => {
      const EndpointArn = await endpointOf(scene, await appOf(scene));
      return answersOf({
        "get-platform-endpoint-attributes": () => scene.sns.getEndpointAttributes({ EndpointArn }),
      });
    },
  },
  {
    name: "test_set_platform_endpoint_attributes",
    run: async (scene) => {
      const EndpointArn = await endpointOf(scene, await appOf(scene));
      return answersOf({
        "set-platform-endpoint-attributes": () =>
          scene.sns.setEndpointAttributes({ EndpointArn, Attributes: { Enabled: "false" } }),
        "get-platform-endpoint-attributes": () => scene.sns.getEndpointAttributes({ EndpointArn }),
      });
    },
  },
  {
    name: "test_set_platform_endpoint_attributes_invalid_arn",
    run: (scene) =>
      answersOf({
        "set-platform-endpoint-attributes-non-existent-app": () =>
          scene.sns.setEndpointAttributes({
            EndpointArn: `arn:aws:sns:us-east-1:${scene.account}:endpoint/ADM/no-app`,
            Attributes: { Enabled: "false" },
          }),
      }),
  },
  {
    name: "test_set_platform_endpoint_attributes_non_existent_endpoint",
    run: (scene) =>
      answersOf({
        "set-platform-endpoint-attributes-non-existent-app": () =>
          scene.sns.setEndpointAttributes({
            EndpointArn: noEndpoint(scene),
            Attributes: { Enabled: "false" },
          }),
      }),
  },
  {
    name: "test_get_platform_endpoint_attributes_non_existent_endpoint",
    run: (scene) =>
      answersOf({
        "set-platform-endpoint-attributes-non-existent-app": () =>
          scene.sns.getEndpointAttributes({ EndpointArn: noEndpoint(scene) }),
      }),
  },
  {
    name: "test_set_platform_endpoint_attributes_invalid_attributes[Empty]",
    run: async (scene) => {
      const EndpointArn = await endpointOf(scene, await appOf(scene));
      return answersOf({
        "set-platform-endpoint-invalid-attributes": () =>
          scene.sns.setEndpointAttributes({ EndpointArn, Attributes: {} }),
      });
    },
  },
  ...badEndpointAttributes.flatMap(([id, Attributes]): Recording[] => [
    {
      name: `test_set_platform_endpoint_attributes_invalid_attributes[${id}]`,
      run: async (scene) => {
        const EndpointArn = await endpointOf(scene, await appOf(scene));
        return answersOf({
          "set-platform-endpoint-invalid-attributes": () =>
            scene.sns.setEndpointAttributes({ EndpointArn, Attributes }),
        });
      },
    },
    {
      name: `test_create_platform_endpoint_with_invalid_attributes[${id}]`,
      run: async (scene) => {
        const PlatformApplicationArn = await appOf(scene);
        return answersOf({
          "create-platform-endpoint-invalid-attr": () =>
            scene.sns.createPlatformEndpoint({ PlatformApplicationArn, Token: "token_1", Attributes }),
        });
      },
    },
  ]),
  ...(
    [
      [
        "test_create_platform_endpoint_double_custom_data",
        { CustomUserData: "foo", Attributes: { CustomUserData: "bar" } },
      ],
      ["test_create_platform_endpoint_custom_data", { Attributes: { CustomUserData: "bar" } }],
    ] as const
  ).map(
    ([name, more]): Recording => ({
      name,
      run: async (scene) => {
        const EndpointArn = await endpointOf(scene, await appOf(scene), more);
        return answersOf({
          "create-endpoint-double-custom-data": () => scene.sns.getEndpointAttributes({ EndpointArn }),
        });
      },
    }),
  ),
];

export const pushRecordings: Recording[] = [...applicationRecordings, ...endpointRecordings];
