/** What AWS makes for a service: the role's name and the policy that it carries. */
export interface ServiceLinkedRole {
  roleName: string;
  policyName: string;
  description?: string;
  /** Whether the role may be made more than once, under further suffixes. */
  takesSuffix?: true;
}

/**
 * Service-linked roles by service principal.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
 */
const known: [service: string, roleName: string, policyName: string, options?: Partial<ServiceLinkedRole>][] =
  [
    ["access-analyzer.amazonaws.com", "AWSServiceRoleForAccessAnalyzer", "AccessAnalyzerServiceRolePolicy"],
    [
      "accountdiscovery.ssm.amazonaws.com",
      "AWSServiceRoleForAmazonSSM_AccountDiscovery",
      "AWSSystemsManagerAccountDiscoveryServicePolicy",
    ],
    ["acm.amazonaws.com", "AWSServiceRoleForCertificateManager", "CertificateManagerServiceRolePolicy"],
    [
      "apidestinations.events.amazonaws.com",
      "AWSServiceRoleForAmazonEventBridgeApiDestinations",
      "AmazonEventBridgeApiDestinationsServiceRolePolicy",
    ],
    ["appmesh.amazonaws.com", "AWSServiceRoleForAppMesh", "AWSAppMeshServiceRolePolicy"],
    [
      "autoscaling-plans.amazonaws.com",
      "AWSServiceRoleForAutoScalingPlans_EC2AutoScaling",
      "AWSAutoScalingPlansEC2AutoScalingPolicy",
    ],
    [
      "autoscaling.amazonaws.com",
      "AWSServiceRoleForAutoScaling",
      "AutoScalingServiceRolePolicy",
      { takesSuffix: true },
    ],
    ["backup.amazonaws.com", "AWSServiceRoleForBackup", "AWSBackupServiceLinkedRolePolicyForBackup"],
    ["batch.amazonaws.com", "AWSServiceRoleForBatch", "BatchServiceRolePolicy"],
    [
      "cassandra.application-autoscaling.amazonaws.com",
      "AWSServiceRoleForApplicationAutoScaling_CassandraTable",
      "AWSApplicationAutoscalingCassandraTablePolicy",
    ],
    [
      "cks.kms.amazonaws.com",
      "AWSServiceRoleForKeyManagementServiceCustomKeyStores",
      "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy",
    ],
    ["cloudtrail.amazonaws.com", "AWSServiceRoleForCloudTrail", "CloudTrailServiceRolePolicy"],
    [
      "codestar-notifications.amazonaws.com",
      "AWSServiceRoleForCodeStarNotifications",
      "AWSCodeStarNotificationsServiceRolePolicy",
    ],
    ["config.amazonaws.com", "AWSServiceRoleForConfig", "AWSConfigServiceRolePolicy"],
    ["delivery.logs.amazonaws.com", "AWSServiceRoleForLogDelivery", "AWSServiceRoleForLogDeliveryPolicy"],
    [
      "connect.amazonaws.com",
      "AWSServiceRoleForAmazonConnect",
      "AmazonConnectServiceLinkedRolePolicy",
      { takesSuffix: true },
    ],
    [
      "contributorinsights.dynamodb.amazonaws.com",
      "AWSServiceRoleForDynamoDBCloudWatchContributorInsights",
      "DynamoDBCloudWatchContributorInsightsServiceRolePolicy",
    ],
    [
      "dms-fleet-advisor.amazonaws.com",
      "AWSServiceRoleForDMSFleetAdvisor",
      "AWSDMSFleetAdvisorServiceRolePolicy",
    ],
    ["dms.amazonaws.com", "AWSServiceRoleForDMSServerless", "AWSDMSServerlessServiceRolePolicy"],
    ["docdb-elastic.amazonaws.com", "AWSServiceRoleForDocDB-Elastic", "AmazonDocDB-ElasticServiceRolePolicy"],
    [
      "dynamodb.application-autoscaling.amazonaws.com",
      "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
      "AWSApplicationAutoscalingDynamoDBTablePolicy",
    ],
    [
      "ec2-instance-connect.amazonaws.com",
      "AWSServiceRoleForEc2InstanceConnect",
      "Ec2InstanceConnectEndpoint",
    ],
    [
      "ec2.application-autoscaling.amazonaws.com",
      "AWSServiceRoleForApplicationAutoScaling_EC2SpotFleetRequest",
      "AWSApplicationAutoscalingEC2SpotFleetRequestPolicy",
    ],
    ["ecr.amazonaws.com", "AWSServiceRoleForECRTemplate", "ECRTemplateServiceRolePolicy"],
    ["ecs.amazonaws.com", "AWSServiceRoleForECS", "AmazonECSServiceRolePolicy"],
    [
      "ecs.application-autoscaling.amazonaws.com",
      "AWSServiceRoleForApplicationAutoScaling_ECSService",
      "AWSApplicationAutoscalingECSServicePolicy",
    ],
    [
      "eks-connector.amazonaws.com",
      "AWSServiceRoleForAmazonEKSConnector",
      "AmazonEKSConnectorServiceRolePolicy",
    ],
    [
      "eks-fargate.amazonaws.com",
      "AWSServiceRoleForAmazonEKSForFargate",
      "AmazonEKSForFargateServiceRolePolicy",
    ],
    [
      "eks-nodegroup.amazonaws.com",
      "AWSServiceRoleForAmazonEKSNodegroup",
      "AWSServiceRoleForAmazonEKSNodegroup",
    ],
    ["eks.amazonaws.com", "AWSServiceRoleForAmazonEKS", "AmazonEKSServiceRolePolicy"],
    ["elasticache.amazonaws.com", "AWSServiceRoleForElastiCache", "ElastiCacheServiceRolePolicy"],
    [
      "elasticbeanstalk.amazonaws.com",
      "AWSServiceRoleForElasticBeanstalk",
      "AWSElasticBeanstalkServiceRolePolicy",
    ],
    [
      "elasticfilesystem.amazonaws.com",
      "AWSServiceRoleForAmazonElasticFileSystem",
      "AmazonElasticFileSystemServiceRolePolicy",
    ],
    [
      "elasticloadbalancing.amazonaws.com",
      "AWSServiceRoleForElasticLoadBalancing",
      "AWSElasticLoadBalancingServiceRolePolicy",
    ],
    ["elasticmapreduce.amazonaws.com", "AWSServiceRoleForEMRCleanup", "AmazonEMRCleanupPolicy"],
    [
      "email.cognito-idp.amazonaws.com",
      "AWSServiceRoleForAmazonCognitoIdpEmailService",
      "AmazonCognitoIdpEmailServiceRolePolicy",
    ],
    [
      "emr-containers.amazonaws.com",
      "AWSServiceRoleForAmazonEMRContainers",
      "AmazonEMRContainersServiceRolePolicy",
    ],
    ["emrwal.amazonaws.com", "AWSServiceRoleForEMRWAL", "EMRDescribeClusterPolicyForEMRWAL"],
    ["events.amazonaws.com", "AWSServiceRoleForCloudWatchEvents", "CloudWatchEventsServiceRolePolicy"],
    ["fis.amazonaws.com", "AWSServiceRoleForFIS", "AmazonFISServiceRolePolicy"],
    ["grafana.amazonaws.com", "AWSServiceRoleForAmazonGrafana", "AmazonGrafanaServiceLinkedRolePolicy"],
    ["guardduty.amazonaws.com", "AWSServiceRoleForAmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"],
    ["imagebuilder.amazonaws.com", "AWSServiceRoleForImageBuilder", "AWSServiceRoleForImageBuilder"],
    ["inspector2.amazonaws.com", "AWSServiceRoleForAmazonInspector2", "AmazonInspector2ServiceRolePolicy"],
    [
      "iotmanagedintegrations.amazonaws.com",
      "AWSServiceRoleForIoTManagedIntegrations",
      "AWSIoTManagedIntegrationsRolePolicy",
    ],
    ["kafka.amazonaws.com", "AWSServiceRoleForKafka", "KafkaServiceRolePolicy"],
    ["kafkaconnect.amazonaws.com", "AWSServiceRoleForKafkaConnect", "KafkaConnectServiceRolePolicy"],
    [
      "kinesisreplication.dynamodb.amazonaws.com",
      "AWSServiceRoleForDynamoDBKinesisDataStreamsReplication",
      "DynamoDBKinesisReplicationServiceRolePolicy",
    ],
    [
      "lakeformation.amazonaws.com",
      "AWSServiceRoleForLakeFormationDataAccess",
      "LakeFormationDataAccessServiceRolePolicy",
    ],
    [
      "lambda.application-autoscaling.amazonaws.com",
      "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency",
      "AWSApplicationAutoscalingLambdaConcurrencyPolicy",
    ],
    ["lex.amazonaws.com", "AWSServiceRoleForLexBots", "AmazonLexBotPolicy"],
    ["lexv2.amazonaws.com", "AWSServiceRoleForLexV2Bots", "AmazonLexV2BotPolicy", { takesSuffix: true }],
    ["lightsail.amazonaws.com", "AWSServiceRoleForLightsail", "LightsailExportAccess"],
    ["m2.amazonaws.com", "AWSServiceRoleForAWSM2", "AWSM2ServicePolicy"],
    ["macie.amazonaws.com", "AWSServiceRoleForAmazonMacie", "AmazonMacieServiceRolePolicy"],
    ["memorydb.amazonaws.com", "AWSServiceRoleForMemoryDB", "MemoryDBServiceRolePolicy"],
    ["mq.amazonaws.com", "AWSServiceRoleForAmazonMQ", "AmazonMQServiceRolePolicy"],
    [
      "mrk.kms.amazonaws.com",
      "AWSServiceRoleForKeyManagementServiceMultiRegionKeys",
      "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy",
    ],
    [
      "notifications.amazonaws.com",
      "AWSServiceRoleForAwsUserNotifications",
      "AWSUserNotificationsServiceLinkedRolePolicy",
    ],
    [
      "observability.aoss.amazonaws.com",
      "AWSServiceRoleForAmazonOpenSearchServerless",
      "AmazonOpenSearchServerlessServiceRolePolicy",
    ],
    [
      "opensearchservice.amazonaws.com",
      "AWSServiceRoleForAmazonOpenSearchService",
      "AmazonOpenSearchServiceRolePolicy",
    ],
    ["ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway", "APIGatewayServiceRolePolicy"],
    [
      "ops.emr-serverless.amazonaws.com",
      "AWSServiceRoleForAmazonEMRServerless",
      "AmazonEMRServerlessServiceRolePolicy",
    ],
    [
      "opsdatasync.ssm.amazonaws.com",
      "AWSServiceRoleForSystemsManagerOpsDataSync",
      "AWSSystemsManagerOpsDataSyncServiceRolePolicy",
    ],
    [
      "opsinsights.ssm.amazonaws.com",
      "AWSServiceRoleForAmazonSSM_OpsInsights",
      "AWSSSMOpsInsightsServiceRolePolicy",
    ],
    ["organizations.amazonaws.com", "AWSServiceRoleForOrganizations", "AWSOrganizationsServiceTrustPolicy"],
    [
      "pullthroughcache.ecr.amazonaws.com",
      "AWSServiceRoleForECRPullThroughCache",
      "AWSECRPullThroughCache_ServiceRolePolicy",
    ],
    [
      "ram.amazonaws.com",
      "AWSServiceRoleForResourceAccessManager",
      "AWSResourceAccessManagerServiceRolePolicy",
    ],
    [
      "rds.amazonaws.com",
      "AWSServiceRoleForRDS",
      "AmazonRDSServiceRolePolicy",
      { description: "Allows Amazon RDS to manage AWS resources on your behalf" },
    ],
    [
      "rds.application-autoscaling.amazonaws.com",
      "AWSServiceRoleForApplicationAutoScaling_RDSCluster",
      "AWSApplicationAutoscalingRDSClusterPolicy",
    ],
    ["redshift.amazonaws.com", "AWSServiceRoleForRedshift", "AmazonRedshiftServiceLinkedRolePolicy"],
    [
      "replication.cassandra.amazonaws.com",
      "AWSServiceRoleForKeyspacesReplication",
      "KeyspacesReplicationServiceRolePolicy",
    ],
    [
      "replication.dynamodb.amazonaws.com",
      "AWSServiceRoleForDynamoDBReplication",
      "DynamoDBReplicationServiceRolePolicy",
    ],
    ["replication.ecr.amazonaws.com", "AWSServiceRoleForECRReplication", "ECRReplicationServiceRolePolicy"],
    [
      "repository.sync.codeconnections.amazonaws.com",
      "AWSServiceRoleForGitSync",
      "AWSGitSyncServiceRolePolicy",
    ],
    [
      "resource-explorer-2.amazonaws.com",
      "AWSServiceRoleForResourceExplorer",
      "AWSResourceExplorerServiceRolePolicy",
    ],
    ["rolesanywhere.amazonaws.com", "AWSServiceRoleForRolesAnywhere", "AWSRolesAnywhereServicePolicy"],
    ["s3-outposts.amazonaws.com", "AWSServiceRoleForS3OnOutposts", "AWSS3OnOutpostsServiceRolePolicy"],
    ["securityhub.amazonaws.com", "AWSServiceRoleForSecurityHub", "AWSSecurityHubServiceRolePolicy"],
    ["ses.amazonaws.com", "AWSServiceRoleForAmazonSES", "AmazonSESServiceRolePolicy"],
    ["shield.amazonaws.com", "AWSServiceRoleForAWSShield", "AWSShieldServiceRolePolicy"],
    ["spot.amazonaws.com", "AWSServiceRoleForEC2Spot", "AWSEC2SpotServiceRolePolicy"],
    ["spotfleet.amazonaws.com", "AWSServiceRoleForEC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"],
    [
      "ssm-incidents.amazonaws.com",
      "AWSServiceRoleForIncidentManager",
      "AWSIncidentManagerServiceRolePolicy",
    ],
    ["ssm-quicksetup.amazonaws.com", "AWSServiceRoleForSSMQuickSetup", "SSMQuickSetupRolePolicy"],
    [
      "ssm.amazonaws.com",
      "AWSServiceRoleForAmazonSSM",
      "AmazonSSMServiceRolePolicy",
      { description: "Provides access to AWS Resources managed or used by Amazon SSM." },
    ],
    [
      "sso.amazonaws.com",
      "AWSServiceRoleForSSO",
      "AWSSSOServiceRolePolicy",
      {
        description:
          "Service-linked role used by AWS SSO to manage AWS resources, including IAM roles, policies and SAML IdP on your behalf.",
      },
    ],
    ["support.amazonaws.com", "AWSServiceRoleForSupport", "AWSSupportServiceRolePolicy"],
    [
      "transitgateway.amazonaws.com",
      "AWSServiceRoleForVPCTransitGateway",
      "AWSVPCTransitGatewayServiceRolePolicy",
    ],
    ["trustedadvisor.amazonaws.com", "AWSServiceRoleForTrustedAdvisor", "AWSTrustedAdvisorServiceRolePolicy"],
    [
      "vpcorigin.cloudfront.amazonaws.com",
      "AWSServiceRoleForCloudFrontVPCOrigin",
      "AWSCloudFrontVPCOriginServiceRolePolicy",
    ],
    ["waf.amazonaws.com", "AWSServiceRoleForWAFLogging", "WAFLoggingServiceRolePolicy"],
    ["wafv2.amazonaws.com", "AWSServiceRoleForWAFV2Logging", "WAFV2LoggingServiceRolePolicy"],
  ];

export const serviceLinkedRoles: ReadonlyMap<string, ServiceLinkedRole> = new Map(
  known.map(([service, roleName, policyName, options]) => [service, { roleName, policyName, ...options }]),
);
