"""What resource types say they need, and our templates do not, by type and property.

The property names are the types' own (CloudFormation template reference). Reads of settings stay,
whatever a pattern here covers (`iam_actions.reads_settings`).
"""

from __future__ import annotations

from typing import Final

from accounts.bootstrap.corrections import Unneeded


def _only(type_: str, reason: str, *actions: str, properties: str) -> Unneeded:
    return Unneeded(type_, actions, tuple(properties.split()), reason)


_BUCKET: Final = "AWS::S3::Bucket"
_FUNCTION: Final = "AWS::Lambda::Function"
_GLOBAL_TABLE: Final = "AWS::DynamoDB::GlobalTable"
_TABLE: Final = "AWS::DynamoDB::Table"
_LOGS: Final = "AWS::Logs::LogGroup"
_API: Final = "AWS::ApiGateway::RestApi"
_ROLE_FOR_IMPORT: Final = "is passed with an imported definition or an AWS integration only"
_REPLICAS: Final = "replicas in other Regions are made by copying items"
_COPYING: Final = (
    *("dynamodb:BatchWriteItem", "dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan"),
    "iam:CreateServiceLinkedRole",
)

UNNEEDED: Final = (
    _only(_API, "resource policies", "apigateway:UpdateRestApiPolicy", properties="Policy"),
    _only(_API, "OpenAPI from a bucket", "s3:GetObject", properties="BodyS3Location"),
    _only(_API, f"a role {_ROLE_FOR_IMPORT}", "iam:PassRole", properties="Body BodyS3Location"),
    _only(
        "AWS::ApiGateway::Method",
        f"a role {_ROLE_FOR_IMPORT}",
        "iam:PassRole",
        properties="Credentials",
    ),
    _only(
        _GLOBAL_TABLE,
        "auto scaling is for provisioned capacity; ours is on demand",
        *("application-autoscaling:*", "cloudwatch:PutMetricData"),
        "dynamodb:UpdateTableReplicaAutoScaling",
        properties="WriteProvisionedThroughputSettings ReadProvisionedThroughputSettings",
    ),
    _only(
        _GLOBAL_TABLE,
        f"{_REPLICAS}; there is one replica, the table",
        *("dynamodb:*TableReplica", *_COPYING),
        properties="Replicas.1",
    ),
    _only(
        _TABLE,
        f"{_REPLICAS}, and a table of this type has none; an import writes items, too",
        *("dynamodb:*TableReplica", "dynamodb:ImportTable", *_COPYING),
        *("logs:*", "s3:GetObject*", "s3:ListBucket"),
        properties="ImportSourceSpecification",
    ),
    *(
        _only(type_, reason, *actions.split(), properties=properties)
        for type_ in (_GLOBAL_TABLE, _TABLE)
        for reason, actions, properties in (
            (
                "change data capture to Kinesis",
                "kinesis:* dynamodb:*KinesisStreamingDestination",
                "KinesisStreamSpecification",
            ),
            # DynamoDB's own key needs nobody's permission ("DynamoDB encryption at rest").
            ("a key in this account", "kms:*", "SSESpecification KMSMasterKeyId"),
            (
                "resource policies of tables",
                "dynamodb:PutResourcePolicy dynamodb:DeleteResourcePolicy",
                "ResourcePolicy",
            ),
            (
                "contributor insights",
                "dynamodb:UpdateContributorInsights",
                "ContributorInsightsSpecification",
            ),
            ("time to live", "dynamodb:UpdateTimeToLive", "TimeToLiveSpecification"),
        )
    ),
    _only(
        "AWS::IAM::Role",
        "managed policies",
        *("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
        properties="ManagedPolicyArns",
    ),
    _only("AWS::IAM::Policy", "policies of groups", "iam:*GroupPolicy", properties="Groups"),
    _only("AWS::IAM::Policy", "policies of users", "iam:*UserPolicy", properties="Users"),
    _only(_FUNCTION, "functions in a VPC", "ec2:*", properties="VpcConfig"),
    _only(
        _FUNCTION,
        "file systems",
        *("elasticfilesystem:*", "s3files:*"),
        properties="FileSystemConfigs",
    ),
    _only(_FUNCTION, "a customer's key", "kms:*", properties="KmsKeyArn"),
    _only(_FUNCTION, "layers", "lambda:GetLayerVersion", properties="Layers"),
    _only(
        _FUNCTION,
        "code signing",
        *("lambda:PutFunctionCodeSigningConfig", "lambda:DeleteFunctionCodeSigningConfig"),
        "lambda:GetCodeSigningConfig",
        properties="CodeSigningConfigArn",
    ),
    _only(
        _FUNCTION,
        "reserved concurrency",
        *("lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"),
        properties="ReservedConcurrentExecutions",
    ),
    _only(_FUNCTION, "loops", "lambda:PutFunctionRecursionConfig", properties="RecursiveLoop"),
    _only(
        _FUNCTION,
        "capacity providers",
        *("lambda:PutFunctionScalingConfig", "lambda:PassCapacityProvider"),
        properties="CapacityProviderConfig FunctionScalingConfig",
    ),
    _only(
        _FUNCTION,
        "runtime updates held back",
        *("lambda:PutRuntimeManagementConfig", "lambda:AssociateRuntimeAlias"),
        properties="RuntimeManagementConfig",
    ),
    _only(_FUNCTION, "code by version", "s3:GetObjectVersion", properties="S3ObjectVersion"),
    _only(
        _LOGS,
        "delivery of logs to other services",
        *("firehose:*", "logs:CreateLogDelivery"),
        properties="DataProtectionPolicy",
    ),
    _only(
        _LOGS,
        "data protection policies",
        "logs:*DataProtectionPolicy",
        properties="DataProtectionPolicy",
    ),
    _only(
        _LOGS,
        "field indexes",
        *("logs:PutIndexPolicy", "logs:DeleteIndexPolicy"),
        properties="FieldIndexPolicies",
    ),
    _only(
        _LOGS,
        "resource policies of log groups",
        *("logs:PutResourcePolicy", "logs:DeleteResourcePolicy"),
        properties="ResourcePolicyDocument",
    ),
    _only(_LOGS, "a customer's key", *("logs:*ssociateKmsKey",), properties="KmsKeyId"),
    _only(
        _LOGS,
        "bearer tokens",
        "logs:PutBearerTokenAuthentication",
        properties="BearerTokenAuthenticationEnabled",
    ),
    _only(
        _LOGS,
        "deletion protection",
        "logs:PutLogGroupDeletionProtection",
        properties="DeletionProtectionEnabled",
    ),
    *(
        _only(_BUCKET, reason, *actions.split(), properties=properties)
        for reason, actions, properties in (
            ("acceleration", "s3:PutAccelerateConfiguration", "AccelerateConfiguration"),
            ("analytics", "s3:PutAnalyticsConfiguration", "AnalyticsConfigurations"),
            ("access by tags", "s3:PutBucketAbac", "AbacStatus"),
            ("ACLs, which are off", "s3:PutBucketAcl s3:PutObjectAcl", "AccessControl"),
            ("CORS of buckets", "s3:PutBucketCORS", "CorsConfiguration"),
            ("access logs", "s3:PutBucketLogging", "LoggingConfiguration"),
            ("notifications", "s3:PutBucketNotification", "NotificationConfiguration"),
            (
                "object lock",
                "s3:PutBucketObjectLockConfiguration",
                "ObjectLockConfiguration ObjectLockEnabled",
            ),
            (
                "replication",
                "s3:PutReplicationConfiguration iam:PassRole",
                "ReplicationConfiguration",
            ),
            ("websites", "s3:PutBucketWebsite s3:DeleteBucketWebsite", "WebsiteConfiguration"),
            (
                "tiering",
                "s3:PutIntelligentTieringConfiguration",
                "IntelligentTieringConfigurations",
            ),
            ("inventories", "s3:PutInventoryConfiguration", "InventoryConfigurations"),
            ("request metrics", "s3:PutMetricsConfiguration", "MetricsConfigurations"),
            (
                "metadata tables",
                "s3tables:* s3:*MetadataTableConfiguration s3:UpdateBucketMetadata* "
                "s3:DeleteObject",
                "MetadataTableConfiguration MetadataConfiguration",
            ),
        )
    ),
    _only(
        "AWS::StepFunctions::StateMachine",
        "a customer's key",
        "kms:*",
        properties="EncryptionConfiguration",
    ),
    _only(
        "AWS::StepFunctions::StateMachine",
        "a definition from a bucket",
        "s3:*",
        properties="DefinitionS3Location",
    ),
    _only(
        "AWS::CloudFormation::Stack",
        "a role of its own; nested stacks take their parent's",
        "iam:PassRole",
        properties="RoleARN",
    ),
    _only(
        "AWS::CloudFormation::Stack",
        "stack policies and termination protection, which a nested stack has not",
        *("cloudformation:SetStackPolicy", "cloudformation:UpdateTerminationProtection"),
        properties="StackPolicyBody EnableTerminationProtection",
    ),
    _only(
        "AWS::SNS::Topic",
        "roles that log deliveries",
        *("iam:GetRole", "iam:PassRole"),
        properties="DeliveryStatusLogging",
    ),
    _only(
        "AWS::SNS::Topic",
        "data protection policies",
        "sns:PutDataProtectionPolicy",
        properties="DataProtectionPolicy",
    ),
    _only(
        "AWS::CodeDeploy::DeploymentGroup",
        "servers outside AWS, and deployments that start with the template",
        *("codedeploy:RegisterOnPremisesInstance", "codedeploy:RegisterApplicationRevision"),
        properties="Deployment OnPremisesInstanceTagFilters OnPremisesTagSet",
    ),
    _only(
        "AWS::Lambda::Alias",
        "provisioned concurrency",
        *("lambda:PutProvisionedConcurrencyConfig", "lambda:DeleteProvisionedConcurrencyConfig"),
        properties="ProvisionedConcurrencyConfig",
    ),
    _only(
        "AWS::Lambda::Version",
        "provisioned concurrency",
        "lambda:PutProvisionedConcurrencyConfig",
        properties="ProvisionedConcurrencyConfig",
    ),
    _only(
        "AWS::Lambda::Version",
        "capacity providers",
        "lambda:PutFunctionScalingConfig",
        properties="FunctionScalingConfig",
    ),
    _only(
        "AWS::Lambda::Version",
        "runtime updates held back",
        "lambda:PutRuntimeManagementConfig",
        properties="RuntimePolicy",
    ),
    _only("AWS::Events::Rule", "targets that need a role", "iam:PassRole", properties="RoleArn"),
)
