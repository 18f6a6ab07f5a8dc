"""Once a day: does every environment still have what its templates say?

A function of the tools account takes a role of each environment's account that may look and change
nothing (`accounts/bootstrap/drift.py`), asks CloudFormation, and puts an event on the bus for what
drifted.
"""

from __future__ import annotations

import json
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from notifications.news import SOURCE
from pipeline.notifications import CODE, READS_WITH, Notifications
from services.common.infrastructure.function import PythonFunction
from settings import Environment, Settings

# Before people begin to work in Europe; it is nobody's night watch.
DAILY: Final = events.Schedule.cron(hour="6", minute="0")
# Of the CDK's bootstrap; its default.
_QUALIFIER: Final = "hnb659fds"
# As long as a function may run: detection takes minutes for each stack ("DetectStackDrift",
# CloudFormation API Reference).
_TIMEOUT: Final = cdk.Duration.minutes(15)


def check_for_drift(scope: Construct, told: Notifications, settings: Settings) -> None:
    """Adds the function `tap-pipeline-drift-check` and its schedule. told: hears of its errors."""
    roles = {each.name: _role(settings, each) for each in settings.environments}
    made = PythonFunction(
        scope,
        "DriftCheck",
        environment=told.place,
        name="drift-check",
        service="delivery",
        runtime=CODE,
        handler="drift_check.handler",
        also=READS_WITH,
        shared=False,
        memory_mib=256,
        timeout=_TIMEOUT,
        variables={"ROLES": json.dumps(roles)},
        dead_letters=told.untold,
    )
    made.permit(*(("sts:AssumeRole", role) for role in roles.values()))
    made.function.add_to_role_policy(_announces(cdk.Stack.of(scope)))
    told.watch("drift-check", made.function, "It was not looked for what was changed by hand.")
    events.Rule(
        made,
        "Daily",
        rule_name=told.place.named("drift-check"),
        description="Looks for what somebody changed by hand",
        schedule=DAILY,
        targets=[targets.LambdaFunction(made.function, dead_letter_queue=told.untold)],
    )


def _announces(stack: cdk.Stack) -> iam.PolicyStatement:
    """To put events of this delivery on the account's bus, and no others."""
    bus = stack.format_arn(service="events", resource="event-bus", resource_name="default")
    return iam.PolicyStatement(
        actions=["events:PutEvents"],
        resources=[bus],
        conditions={"StringEquals": {"events:source": SOURCE}},
    )


def _role(settings: Settings, environment: Environment) -> str:
    name = f"cdk-{_QUALIFIER}-drift-role-{environment.account}-{settings.region}"
    return f"arn:aws:iam::{environment.account}:role/{name}"
