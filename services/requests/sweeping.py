"""The sweeper's function and its schedule."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.function import PythonFunction

SWEEP_EVERY = cdk.Duration.minutes(1)


def sweeper(
    scope: Construct,
    construct_id: str,
    *,
    environment: EnvironmentSettings,
    variables: Mapping[str, str],
) -> PythonFunction:
    """The function. Its caller gives it its permissions, and has it called every minute."""
    return PythonFunction(
        scope,
        construct_id,
        environment=environment,
        name="sweeper",
        service="requests",
        runtime="services/requests/runtime",
        handler="sweep_handler.handler",
        memory_mib=512,
        # Runs may overlap, but they would look at the same rows.
        timeout=cdk.Duration.seconds(58),
        variables=variables,
    )


def call_every_minute(
    made: PythonFunction, live: lambda_.Alias, *, environment: EnvironmentSettings
) -> None:
    """By its alias: the sweeper moves to another version as the API does."""
    events.Rule(
        made,
        "Schedule",
        rule_name=environment.named("sweep"),
        description="Starts and ends the requests that got stuck",
        schedule=events.Schedule.rate(SWEEP_EVERY),
        targets=[
            targets.LambdaFunction(
                live,
                # A missed run needs no second try: the next one finds the same rows.
                retry_attempts=0,
                max_event_age=SWEEP_EVERY,
            )
        ],
    )
