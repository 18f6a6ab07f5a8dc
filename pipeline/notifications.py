"""Who is told of the delivery, and how: one encrypted topic, and a function that has the words.

EventBridge's own input transformers could say that something failed, but not which check, nor
whether an approval still waits; the function reads that. It is as small as its rights: to read the
pipeline and its builds, and to publish to the topic. What it cannot tell is kept in a queue, whose
alarm goes to the topic without it.

Facts used here: EventBridge invokes a function asynchronously and at least once ("Event retry
policies and dead-letter queues", EventBridge user guide); a topic's subscription by e-mail or HTTPS
gets nothing until it is confirmed ("Amazon SNS developer guide", "Email notifications" and
"HTTP/HTTPS endpoints").
"""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from notifications.news import RECORDS, SOURCE, Kind
from pipeline import builds
from services.common.infrastructure.alarm_topic import alarm_topic
from services.common.infrastructure.alarms import PERIOD, Trigger, notify
from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.function import PythonFunction
from services.common.infrastructure.queues import dead_letter_queue
from settings import Settings

RUNBOOK: Final = "docs/runbooks/delivery.md"
CODE: Final = "notifications"
# What the code reads pipelines and stacks with.
READS_WITH: Final = ("ops",)
_LATEST: Final = cdk.Duration.hours(6)
_SECONDS: Final = cdk.Duration.seconds(60)


class Notifications(Construct):
    """Topic, rules and the function `tap-pipeline-teller` for one pipeline.

    `untold` has what nobody was told of, also by further functions of the delivery; with `watch`
    such a function gets an alarm that goes to the same people.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        pipeline: codepipeline.IPipeline,
        decisions: s3.IBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self.place = tools_place(settings)
        self._pipeline = pipeline
        self._decisions = decisions
        self._topic = alarm_topic(
            self,
            "Topic",
            environment=self.place,
            name="notifications",
            display_name="Delivery",
        )
        _subscribe(self._topic, settings)
        self.untold = dead_letter_queue(self, "Untold", environment=self.place, name="untold")
        teller = self._teller(settings)
        self._follow(teller.function)
        self.watch("teller", teller.function, "A person was not told of something.")
        _watch_queue(self, self.untold, self.place, self._topic)
        _watch_topic(self, self._topic, self.place)

    def watch(self, name: str, function: lambda_.IFunction, meaning: str) -> None:
        """An alarm when the function ends with an error."""
        failed = function.metric_errors(period=PERIOD, statistic="Sum")
        alarm = Trigger("errors", failed, meaning).alarm(
            self, name, environment=self.place, runbook=RUNBOOK
        )
        notify(alarm, self._topic)

    def _teller(self, settings: Settings) -> PythonFunction:
        made = PythonFunction(
            self,
            "Teller",
            environment=self.place,
            name="teller",
            service="delivery",
            runtime=CODE,
            handler="teller.handler",
            also=READS_WITH,
            shared=False,
            memory_mib=256,
            timeout=_SECONDS,
            variables={
                "PIPELINE": self._pipeline.pipeline_name,
                "GOAL": settings.guarded.name,
                "TOPIC_ARN": self._topic.topic_arn,
            },
            dead_letters=self.untold,
        )
        key = self._topic.master_key
        if key is None:
            raise ValueError(f"{self._topic.node.path} has no key of its own")
        arn = self._pipeline.pipeline_arn
        made.permit(
            ("codepipeline:GetPipelineExecution", arn),
            ("codepipeline:ListActionExecutions", arn),
            ("codepipeline:ListRuleExecutions", arn),
            ("codebuild:BatchGetBuilds", self._builds("project")),
            ("codebuild:DescribeTestCases", self._builds("report-group")),
            *(("s3:GetObject", self._decisions.arn_for_objects(f"{each}*")) for each in RECORDS),
            ("sns:Publish", self._topic.topic_arn),
            ("kms:Decrypt", key.key_arn),
            ("kms:GenerateDataKey", key.key_arn),
        )
        return made

    def _builds(self, kind: str) -> str:
        """The ARN of the pipeline's own projects, or of the report groups of their builds."""
        return cdk.Stack.of(self).format_arn(
            service="codebuild", resource=kind, resource_name=builds.project_name("*")
        )

    def _follow(self, teller: lambda_.IFunction) -> None:
        """What a person has to do something about, or waits for; not every stage."""
        arn, name = self._pipeline.pipeline_arn, self._pipeline.pipeline_name
        approvals = events.EventPattern(
            source=["aws.codepipeline"],
            resources=[arn],
            detail_type=[Kind.ACTION.value],
            detail={"pipeline": [name], "state": ["STARTED"], "type": {"category": ["Approval"]}},
        )
        ends = events.EventPattern(
            source=["aws.codepipeline"],
            resources=[arn],
            detail_type=[Kind.PIPELINE.value],
            detail={"pipeline": [name], "state": ["SUCCEEDED", "FAILED"]},
        )
        drift = events.EventPattern(
            source=[SOURCE],
            account=[cdk.Stack.of(self).account],
            detail_type=[Kind.DRIFTED.value, Kind.UNSEEN.value],
        )
        # Written by `ops hold` and `ops lift`, which then need no right to put events.
        holds = events.EventPattern(
            source=["aws.s3"],
            detail_type=[Kind.RECORD.value],
            detail={
                "bucket": {"name": [self._decisions.bucket_name]},
                "object": {"key": [{"prefix": each} for each in RECORDS]},
            },
        )
        self._rule(teller, "approval-needed", "A person has to let something pass", approvals)
        self._rule(teller, "delivery-ended", "Delivered, failed, or rolled back", ends)
        self._rule(teller, "delivery-held", "Held by a person, or let go on", holds)
        self._rule(teller, "drift-found", "Changed by hand", drift)

    def _rule(
        self, teller: lambda_.IFunction, name: str, description: str, pattern: events.EventPattern
    ) -> None:
        target = targets.LambdaFunction(
            teller, dead_letter_queue=self.untold, max_event_age=_LATEST
        )
        events.Rule(
            self,
            name,
            rule_name=self.place.named(name),
            description=description,
            event_pattern=pattern,
            targets=[target],
        )


def tools_place(settings: Settings) -> EnvironmentSettings:
    """The tools account, for constructs that are otherwise an environment's: tap-pipeline-…"""
    return EnvironmentSettings(
        name="pipeline", disposable=False, architecture=settings.architecture, cors_origins=()
    )


def _subscribe(topic: sns.Topic, settings: Settings) -> None:
    for address in settings.notifications.emails:
        topic.add_subscription(subscriptions.EmailSubscription(address))
    if settings.notifications.webhook is not None:
        topic.add_subscription(subscriptions.UrlSubscription(settings.notifications.webhook))


def _watch_queue(
    scope: Construct, queue: sqs.Queue, place: EnvironmentSettings, topic: sns.Topic
) -> None:
    waiting = queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Max")
    meaning = "An event of the delivery was given up, and nobody was told of it."
    alarm = Trigger("waiting", waiting, meaning).alarm(
        scope, "untold", environment=place, runbook=RUNBOOK
    )
    notify(alarm, topic)


def _watch_topic(scope: Construct, topic: sns.Topic, place: EnvironmentSettings) -> None:
    """Of an endpoint that takes nothing, the others hear ("Monitoring Amazon SNS topics")."""
    lost = topic.metric_number_of_notifications_failed(period=PERIOD, statistic="Sum")
    meaning = "Somebody who is subscribed did not get a message about the delivery."
    alarm = Trigger("undelivered", lost, meaning).alarm(
        scope, "notifications", environment=place, runbook=RUNBOOK
    )
    notify(alarm, topic)
