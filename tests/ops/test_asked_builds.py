"""The builds that conditions of stages ask are runs of an execution, as its actions are.

Proves, with CodePipeline's answers as boto3 has them, which of the rules count, that a later check
takes the place of an earlier one, and that a release that such a build refused is none to go back
to. That rules run builds and say so is tests/embedded_aws and tests/delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ops import stages
from ops.pipeline import Pipeline
from ops.stages import Stage

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROD = Stage("Prod", frozenset({"Deploy"}), asks=True)


@pytest.fixture
def aws() -> Iterator[tuple[Pipeline, Stubber]]:
    """A pipeline, and what CodePipeline answers it."""
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    clients = boto3.Session(region_name="us-west-2", **keys).client
    made = {name: clients(name) for name in ("codepipeline", "codebuild", "logs")}
    with Stubber(made["codepipeline"]) as stub:
        yield Pipeline("delivery", made.__getitem__), stub


def ran(execution: str, name: str, status: str, minutes: int, build: str = "p:1") -> dict[str, Any]:
    """A row of ListRuleExecutions; without a build it is of a rule that runs none."""
    moment = NOON + timedelta(minutes=minutes)
    return {
        "pipelineExecutionId": execution,
        "ruleExecutionId": f"{name}-{minutes}",
        "stageName": "Prod",
        "ruleName": name,
        "status": status,
        "startTime": moment,
        "lastUpdateTime": moment,
        "output": {"executionResult": {"externalExecutionId": build} if build else {}},
    }


def deployed(execution: str) -> dict[str, Any]:
    """A row of ListActionExecutions."""
    return {
        "pipelineExecutionId": execution,
        "actionExecutionId": f"deploy-{execution}",
        "stageName": "Prod",
        "actionName": "Deploy",
        "status": "Succeeded",
        "startTime": NOON + timedelta(minutes=5),
        "lastUpdateTime": NOON + timedelta(minutes=6),
    }


def test_builds_that_were_asked_stand_among_the_actions_in_their_order(
    aws: tuple[Pipeline, Stubber],
) -> None:
    pipeline, stub = aws
    only = {"pipelineName": "delivery", "filter": {"pipelineExecutionId": "e"}}
    stub.add_response("list_action_executions", {"actionExecutionDetails": [deployed("e")]}, only)
    rows = [
        ran("e", "ProdBake", "Failed", 9),
        ran("e", "ProdWindow", "Succeeded", 0, build=""),
        ran("e", "ProdEntry", "Succeeded", 4),
        ran("e", "ProdEntry", "Failed", 1),
    ]
    stub.add_response("list_rule_executions", {"ruleExecutionDetails": rows}, only)
    assert [(run.label, run.status) for run in pipeline.runs("e")] == [
        ("Prod/ProdEntry", "Succeeded"),
        ("Prod/Deploy", "Succeeded"),
        ("Prod/ProdBake", "Failed"),
    ]


def test_a_release_that_its_alarms_took_back_is_none_to_go_back_to(
    aws: tuple[Pipeline, Stubber],
) -> None:
    pipeline, stub = aws
    every = {"pipelineName": "delivery"}
    actions = [deployed("good"), deployed("bad")]
    stub.add_response("list_action_executions", {"actionExecutionDetails": actions}, every)
    rows = [ran("good", "ProdEntry", "Failed", 1), ran("good", "ProdEntry", "Succeeded", 2)]
    rows += [ran("bad", "ProdBake", "Failed", 9)]
    stub.add_response("list_rule_executions", {"ruleExecutionDetails": rows}, every)
    listed = [{"pipelineExecutionId": name, "status": "Succeeded"} for name in ("bad", "good")]
    stub.add_response("list_pipeline_executions", {"pipelineExecutionSummaries": listed}, every)
    assert [each.id for each in stages.succeeded(pipeline, PROD)] == ["good"]
