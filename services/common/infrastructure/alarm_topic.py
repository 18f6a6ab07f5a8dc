"""Where an environment's alarms go: one encrypted topic, to which only alarms may publish.

Facts used here:
- Alarms cannot use a topic that is encrypted with the AWS managed key, whose policy does not admit
  them and cannot be changed; so the topic has a key of its own (Amazon SNS Developer Guide, "Key
  management": "Enable compatibility between event sources from AWS services and encrypted topics").
- An address that is subscribed by e-mail gets nothing until its owner has followed the link in a
  first message (same guide, "Email notifications").
- A topic with a policy of its own lets nobody publish whom the policy does not name (same guide,
  "Example cases for Amazon SNS access control": publishing by CloudWatch alarms).
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings


def alarm_topic(
    scope: Construct,
    construct_id: str,
    *,
    environment: EnvironmentSettings,
    name: str,
    display_name: str | None = None,
) -> sns.Topic:
    """The environment's `alarm_email` is subscribed; whoever else is on call subscribes by hand.

    display_name: who an e-mail seems to come from, where that is not the environment's alarms.
    """
    topic = sns.Topic(
        scope,
        construct_id,
        topic_name=environment.named(name),
        display_name=display_name or f"Alarms of {environment.name}",
        master_key=_key(scope, f"{construct_id}Key"),
        enforce_ssl=True,
    )
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsPublish",
            principals=[_alarms()],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}},
        )
    )
    if environment.alarm_email is not None:
        topic.add_subscription(subscriptions.EmailSubscription(environment.alarm_email))
    return topic


def _key(scope: Construct, construct_id: str) -> kms.Key:
    key = kms.Key(
        scope,
        construct_id,
        description="Encrypts notifications of alarms on their way to whoever is on call",
        enable_key_rotation=True,
        # It protects messages for seconds; once the topic is gone there is nothing left to read.
        removal_policy=cdk.RemovalPolicy.DESTROY,
        pending_window=cdk.Duration.days(7),
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsEncrypt",
            principals=[_alarms()],
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}},
        )
    )
    return key


def _alarms() -> iam.ServicePrincipal:
    return iam.ServicePrincipal("cloudwatch.amazonaws.com")
