"""The behaviours that alarms rely on, each with what would show it."""

from __future__ import annotations

from rehearsal.behaviour import emulated
from rehearsal.limits import LIMITS

_ALARMS = "embedded_aws/test_alarms.py"
_METRICS = "embedded_aws/test_metrics.py"

METRICS = (
    emulated(
        "a function that raises sets its alarm off, and the alarms' topic is told",
        "rehearsal/test_request_service.py"
        "::test_a_function_that_raises_sets_its_alarm_off_and_the_topic_is_told",
        "lambda_metrics",
    ),
    emulated(
        "metrics that a function prints (EMF) are metrics, and alarms look at them",
        f"{_METRICS}::test_a_document_that_a_function_prints_is_a_metric",
        "embedded_metrics",
    ),
    emulated(
        "calls of a REST API are counted by their answers, with their latency",
        f"{_METRICS}::test_calls_of_an_api_are_counted_by_their_answers",
        "api_metrics",
    ),
    emulated(
        "executions of state machines are counted by how they ended",
        f"{_METRICS}::test_executions_are_counted_by_how_they_ended",
        "machine_metrics",
    ),
    emulated(
        "a queue's messages, and the age of the oldest, are measured each minute",
        f"{_ALARMS}::test_a_queue_that_is_not_empty_is_noticed_when_the_minute_ends",
        "queue_metrics",
    ),
    emulated(
        "each set of dimensions is a metric of its own, none is one, too",
        f"{_METRICS}::test_all_functions_together_are_a_metric_without_dimensions",
        "metric_queries",
    ),
    emulated(
        "alarms look at periods, dimensions and missing values as they say (TreatMissingData)",
        f"{_ALARMS}::test_without_any_data_an_alarm_is_what_its_mode_says",
        "alarm_evaluation",
    ),
    emulated(
        "an alarm that changes tells EventBridge, and its topic only if that one's policy lets it",
        f"{_ALARMS}::test_a_topic_whose_policy_lacks_cloudwatch_is_not_told",
        "alarm_actions",
    ),
    *LIMITS["of metrics and alarms"],
)
"""Rows of the fidelity table."""
