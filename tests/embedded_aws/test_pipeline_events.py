"""Which events a pipeline sends, with actions that the test steers.

Proves states, order and fields against the examples of "Monitoring CodePipeline events"
(CodePipeline user guide), and that every change is told once. That rules of EventBridge fire on
them, tests/ops/test_notifications.py shows.
"""

from __future__ import annotations

import json
from typing import Any

from embedded_aws.codepipeline.announcing import Announcer
from tests.embedded_aws.pipelines import (
    ACCOUNT,
    APPROVAL,
    REGION,
    Bench,
    action,
    properties,
    with_conditions,
)

DEV = ("Dev", [action("Deploy")])
PROMOTE = ("Promote", [action("Approve", APPROVAL)])
KIND = {"Pipeline": "execution-id", "Stage": "stage", "Action": "action"}


class Told:
    """What an announcer handed on."""

    def __init__(self, bench: Bench) -> None:
        self.entries: list[dict[str, Any]] = []
        Announcer(bench.state, lambda _, entry: self.entries.append(entry))

    @property
    def details(self) -> list[dict[str, Any]]:
        return [json.loads(each["Detail"]) for each in self.entries]

    def states(self, execution_id: str) -> list[tuple[str, str]]:
        """(what, state) of an execution; what: the action, the stage, or the kind."""
        return [
            (str(d.get("action") or d.get("stage") or "pipeline"), str(d["state"]))
            for d in self.details
            if d["execution-id"] == execution_id
        ]


def test_a_delivery_tells_its_stages_and_actions_from_the_outside_in_and_back() -> None:
    bench = Bench(properties(DEV))
    told = Told(bench)
    execution = bench.start()
    bench.ended(execution, "Succeeded")
    assert told.states(execution.id) == [
        ("pipeline", "STARTED"),
        *[("Source", "STARTED"), ("Push", "STARTED"), ("Push", "SUCCEEDED")],
        *[("Source", "SUCCEEDED"), ("Dev", "STARTED"), ("Deploy", "STARTED")],
        *[("Deploy", "SUCCEEDED"), ("Dev", "SUCCEEDED"), ("pipeline", "SUCCEEDED")],
    ]


def test_events_have_the_documented_fields() -> None:
    bench = Bench(properties(DEV))
    bench.fail("Deploy", "it broke")
    told = Told(bench)
    execution = bench.start()
    bench.ended(execution, "Failed")
    (failed,) = [d for d in told.details if d.get("action") == "Deploy" and d["state"] == "FAILED"]
    assert failed["stage"] == "Dev"
    assert failed["type"] == {
        "owner": "AWS",
        "provider": "CodeBuild",
        "category": "Build",
        "version": "1",
    }
    assert failed["execution-result"]["error-code"] == "JobFailed"
    assert (failed["version"], failed["pipeline-execution-attempt"]) == (1.0, 1.0)
    first = told.entries[0]
    assert first["Source"] == "aws.codepipeline"
    assert first["DetailType"] == "CodePipeline Pipeline Execution State Change"
    assert first["Resources"] == [f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:delivery"]
    assert set(told.details[0]["execution-trigger"]) == {"trigger-type", "trigger-detail"}


def test_a_retry_resumes_what_had_failed_and_counts_as_another_attempt() -> None:
    bench = Bench(properties(DEV))
    bench.fail("Deploy")
    told = Told(bench)
    execution = bench.start()
    bench.ended(execution, "Failed")
    before = len(told.states(execution.id))
    del bench.behaviour["Deploy"]
    bench.engine.retry(bench.pipeline, "Dev", execution.id, "FAILED_ACTIONS")
    bench.ended(execution, "Succeeded")
    assert told.states(execution.id)[before:] == [
        *[("pipeline", "RESUMED"), ("Dev", "RESUMED"), ("Deploy", "STARTED")],
        *[("Deploy", "SUCCEEDED"), ("Dev", "SUCCEEDED"), ("pipeline", "SUCCEEDED")],
    ]
    assert told.details[-1]["pipeline-execution-attempt"] == 2.0


def test_a_rollback_is_an_execution_of_its_own_whose_trigger_says_so() -> None:
    bench = Bench(with_conditions(properties(DEV), "Dev", OnFailure={"Result": "ROLLBACK"}))
    told = Told(bench)
    first = bench.start()
    bench.ended(first, "Succeeded")
    bench.fail("Deploy")
    second = bench.start()
    bench.ended(second, "Failed")
    (back,) = [each for each in bench.pipeline.executions if each.target]
    bench.ended(back, "Failed")
    assert told.states(second.id)[-1] == ("pipeline", "FAILED")
    (started,) = [
        d
        for d in told.details
        if d["execution-id"] == back.id and d["state"] == "STARTED" and "stage" not in d
    ]
    assert started["execution-trigger"]["trigger-type"] == "AutomatedRollback"


def test_an_approval_starts_when_it_can_be_answered() -> None:
    bench = Bench(properties(PROMOTE, DEV))
    told = Told(bench)
    execution = bench.start()
    bench.until(lambda: ("Approve", "STARTED") in told.states(execution.id), "it is told")
    run = execution.latest_run("Promote", "Approve")
    assert run is not None
    assert run.token


def test_executions_that_ended_before_anybody_looked_are_no_news() -> None:
    bench = Bench(properties(DEV))
    first = bench.start()
    bench.ended(first, "Succeeded")
    told = Told(bench)
    second = bench.start()
    bench.ended(second, "Succeeded")
    assert told.states(first.id) == []
    assert len(told.states(second.id)) == 10
