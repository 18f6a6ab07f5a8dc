"""What is watched of a service, one call for each thing.

    watched = ServiceMonitor(monitor, runbook="docs/runbooks/x.md")
    watched.api("api", api, slow_after=cdk.Duration.seconds(5))
    watched.function("processor", function, slow_after=cdk.Duration.seconds(3))
    watched.state_machine("statemachine", machine)

Metrics are those of "Types of metrics for Lambda functions" (AWS Lambda Developer Guide), "Amazon
API Gateway dimensions and metrics", "Step Functions metrics for CloudWatch", and "Available
CloudWatch metrics for Amazon SQS".
"""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from services.common.infrastructure.alarms import PERIOD, Missing, Trigger
from services.common.infrastructure.monitoring import Graphs, Monitor
from services.common.infrastructure.queues import KEPT

_SHARE_OF_FAULTS = 0.01
# Lambda keeps an event for six hours ("Configuring error handling settings for Lambda asynchronous
# invocations").
_LONG_WAIT = cdk.Duration.hours(1)
# Before the end of what a queue keeps: time enough to act.
_LAST_DAYS = cdk.Duration.days(4)


class ServiceMonitor:
    """Alarms and rows of the dashboard for one service's things.

    Each `name` is that of the thing within the environment, such as "api"; it begins the names of
    its alarms. runbook: path of the page that says for every alarm of the service what to do.
    """

    def __init__(self, monitor: Monitor, *, runbook: str) -> None:
        self._monitor = monitor
        self._runbook = runbook

    def api(self, name: str, api: apigateway.RestApi, *, slow_after: cdk.Duration) -> None:
        """The share of answers that are faults of ours, and the slowest percent of all."""
        stage = api.deployment_stage
        # The average of ones and zeros is a share. A lone fault is a matter for the logs.
        share = stage.metric_server_error(period=PERIOD, statistic="Average")
        latency = stage.metric_latency(period=PERIOD, statistic="p99")
        self._watch(
            name,
            [
                Trigger("5xx", share, "Many answers are 5xx.", above=_SHARE_OF_FAULTS, bad=2, of=3),
                _slow(latency, slow_after),
            ],
            {
                "calls": [
                    stage.metric_count(period=PERIOD),
                    stage.metric_client_error(period=PERIOD),
                    stage.metric_server_error(period=PERIOD),
                ],
                "latency": [stage.metric_latency(period=PERIOD, statistic="p50"), latency],
            },
        )

    def function(self, name: str, function: lambda_.IFunction, *, slow_after: cdk.Duration) -> None:
        """Crashes, throttles, and the slowest percent of invocations."""
        errors = function.metric_errors(period=PERIOD)
        throttles = function.metric_throttles(period=PERIOD)
        duration = function.metric_duration(period=PERIOD, statistic="p99")
        self._watch(
            name,
            [
                Trigger("errors", errors, "An invocation crashed, or ran out of time or memory."),
                Trigger("throttles", throttles, "Lambda turns invocations away.", bad=2, of=3),
                _slow(duration, slow_after),
            ],
            {
                "invocations": [function.metric_invocations(period=PERIOD), errors, throttles],
                "duration": [function.metric_duration(period=PERIOD, statistic="p50"), duration],
            },
        )

    def asynchronous(self, name: str, function: lambda_.IFunction) -> None:
        """How long events wait for a function before Lambda begins to work on them."""
        waited = function.metric("AsyncEventAge", period=PERIOD, statistic="Maximum")
        received = function.metric("AsyncEventsReceived", period=PERIOD, statistic="Sum")
        self._watch(
            name,
            [
                Trigger(
                    "age",
                    waited,
                    "Events wait for more than an hour; after six, Lambda gives them up.",
                    above=_LONG_WAIT.to_milliseconds(),
                )
            ],
            {"events": [received], "age of events": [waited]},
        )

    def schedule(self, name: str, function: lambda_.IFunction) -> None:
        """That a function is invoked which a schedule should invoke every five minutes or so."""
        beats = function.metric_invocations(period=PERIOD)
        self._watch(
            name,
            [
                Trigger(
                    "silent",
                    beats,
                    "The schedule does not invoke the function any more.",
                    below=1,
                    bad=3,
                    of=3,
                    missing=Missing.BREACHING,
                )
            ],
            {"invocations by the schedule": [beats]},
        )

    def state_machine(self, name: str, machine: sfn.IStateMachine) -> None:
        """Executions that did not succeed, by how they ended, and throttling."""
        failed = machine.metric_failed(period=PERIOD)
        timed_out = machine.metric_timed_out(period=PERIOD)
        aborted = machine.metric_aborted(period=PERIOD)
        throttled = machine.metric_throttled(period=PERIOD)
        ended = [machine.metric_succeeded(period=PERIOD), failed, timed_out, aborted]
        self._watch(
            name,
            [
                Trigger("failed", failed, "An execution failed."),
                Trigger("timed-out", timed_out, "An execution ran out of time."),
                Trigger("aborted", aborted, "Somebody stopped an execution."),
                Trigger("throttled", throttled, "Step Functions holds states back.", bad=3, of=3),
            ],
            {
                "executions": [machine.metric_started(period=PERIOD), *ended, throttled],
                "duration": [machine.metric_time(period=PERIOD, statistic="p99")],
            },
        )

    def dead_letters(self, name: str, queue: sqs.IQueue) -> None:
        """Anything that lies in a dead-letter queue, and what has lain there for very long."""
        waiting = queue.metric_approximate_number_of_messages_visible(period=PERIOD)
        oldest = queue.metric_approximate_age_of_oldest_message(period=PERIOD)
        # SQS stops measuring a queue after six idle hours without a message: missing is empty.
        self._watch(
            name,
            [
                Trigger("not-empty", waiting, "An event was given up after all its retries."),
                Trigger(
                    "age",
                    oldest,
                    f"In {_LAST_DAYS.to_days():g} days SQS deletes the oldest event.",
                    above=KEPT.to_seconds() - _LAST_DAYS.to_seconds(),
                ),
            ],
            {"messages": [waiting], "age of the oldest": [oldest]},
        )

    def values(self, name: str, triggers: Sequence[Trigger], *further: cloudwatch.IMetric) -> None:
        """Metrics that a service emits itself: those of the triggers, and further ones to see."""
        self._watch(name, triggers, {"": [*(each.metric for each in triggers), *further]})

    def _watch(self, name: str, triggers: Sequence[Trigger], graphs: Graphs) -> None:
        self._monitor.add(name, triggers, graphs, runbook=self._runbook)


def _slow(p99: cloudwatch.IMetric, after: cdk.Duration) -> Trigger:
    # With few calls the 99th percentile is the slowest one, so it takes three bad periods running.
    seconds = after.to_seconds()
    return Trigger(
        "latency",
        p99,
        f"One call in a hundred takes longer than {seconds:g} seconds.",
        above=after.to_milliseconds(),
        bad=3,
        of=3,
    )
