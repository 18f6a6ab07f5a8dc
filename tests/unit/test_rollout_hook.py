"""A deployment goes on only for a version that was asked and answered as it should.

Proved with clients in memory: which version is asked by which name, what is a verdict of which
kind, that CodeDeploy is told of each, and "Succeeded" only of a version that passed. What the
checks of our functions ask is proved on the embedded AWS, with the functions themselves.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from services.common.hook.checking import Hook
from services.common.hook.verdicts import Judgement, Verdict, has

EVENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}
CHECK = {"event": {"ask": "this"}, "answer": {"statusCode": 200, "body": {"status": "ok"}}}
GOOD = {"statusCode": 200, "body": '{"status": "ok", "commit": "c"}', "headers": {}}
OLD, NEW = "4", "5"


@dataclass
class CodeDeploy:
    """One deployment of `works:live` from OLD to NEW. told: what the hook said of it."""

    targets: list[Any] = field(
        default_factory=lambda: [
            {
                "lambdaTarget": {
                    "lambdaFunctionInfo": {
                        "functionName": "works",
                        "functionAlias": "live",
                        "currentVersion": OLD,
                        "targetVersion": NEW,
                    }
                }
            }
        ]
    )
    told: list[dict[str, str]] = field(default_factory=list)

    def list_deployment_targets(self, **asked: str) -> Any:
        assert asked == {"deploymentId": "d-1"}
        return {"targetIds": ["any"]}

    def batch_get_deployment_targets(self, **asked: Any) -> Any:
        assert asked == {"deploymentId": "d-1", "targetIds": ["any"]}
        return {"deploymentTargets": self.targets}

    def put_lifecycle_event_hook_execution_status(self, **told: str) -> None:
        self.told.append(told)


@dataclass
class Functions:
    """A function whose alias is at `alias`. Every invocation has the same result."""

    payload: bytes = json.dumps(GOOD).encode()
    alias: Any = field(default_factory=lambda: {"FunctionVersion": OLD})
    executed: str = NEW
    error: str | None = None
    raises: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def get_alias(self, **asked: str) -> Any:
        assert asked == {"FunctionName": "works", "Name": "live"}
        return self.alias

    def invoke(self, **asked: Any) -> Any:
        self.asked.append(asked)
        if self.raises:
            raise self.raises
        error = {"FunctionError": self.error} if self.error else {}
        return {"ExecutedVersion": self.executed, "Payload": io.BytesIO(self.payload)} | error


def judged(functions: Functions, codedeploy: CodeDeploy | None = None) -> Judgement:
    """The verdict, after CodeDeploy was told of it once and rightly."""
    codedeploy = codedeploy or CodeDeploy()
    hook = Hook({"works": CHECK}, codedeploy=codedeploy, functions=functions)
    judgement = hook.run(EVENT)
    passed = judgement.verdict is Verdict.PASSED
    assert codedeploy.told == [
        {
            "deploymentId": "d-1",
            "lifecycleEventHookExecutionId": "e-1",
            "status": "Succeeded" if passed else "Failed",
        }
    ]
    return judgement


@pytest.mark.parametrize(
    ("alias", "qualifier"),
    [
        ({"FunctionVersion": OLD}, NEW),
        ({"FunctionVersion": NEW, "RoutingConfig": {"AdditionalVersionWeights": {OLD: 0.9}}}, NEW),
        ({"FunctionVersion": NEW}, "live"),
    ],
    ids=["before the traffic", "while it moves", "after it"],
)
def test_the_version_is_asked_by_its_number_until_everybody_gets_it(
    alias: Any, qualifier: str
) -> None:
    functions = Functions(alias=alias)
    assert judged(functions).verdict is Verdict.PASSED
    (asked,) = functions.asked
    assert (asked["FunctionName"], asked["Qualifier"]) == ("works", qualifier)
    assert json.loads(asked["Payload"]) == CHECK["event"]


@pytest.mark.parametrize(
    ("functions", "says"),
    [
        (Functions(payload=b'{"statusCode": 500, "body": "{}"}'), "which lacks"),
        (Functions(payload=b'{"statusCode": 200, "body": "no JSON"}'), "which lacks"),
        (Functions(payload=b"null"), "which lacks"),
        (Functions(error="Unhandled", payload=b'{"errorType": "E"}'), "ended with an error"),
        (Functions(executed=OLD), "version 4 ran where version 5 is deployed"),
    ],
)
def test_a_version_that_answers_otherwise_fails(functions: Functions, says: str) -> None:
    judgement = judged(functions)
    assert judgement.verdict is Verdict.FAILED
    assert says in judgement.text


THROTTLED = ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "m"}}, "Invoke")
SILENT = ReadTimeoutError(endpoint_url="https://lambda")


@pytest.mark.parametrize(
    ("functions", "says"),
    [
        (Functions(raises=THROTTLED), "TooManyRequestsException"),
        (Functions(raises=SILENT), "ReadTimeoutError"),
        (Functions(payload=b"<html>"), "is no answer"),
    ],
)
def test_a_version_that_does_not_answer_stops_the_deployment_without_being_blamed(
    functions: Functions, says: str
) -> None:
    judgement = judged(functions)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert says in judgement.text


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        ([], "does not say which version"),
        ([{"instanceTarget": {}}], "does not say which version"),
        ([{"lambdaTarget": {"lambdaFunctionInfo": {"functionName": "works"}}}], "does not say"),
        (
            [
                {
                    "lambdaTarget": {
                        "lambdaFunctionInfo": {
                            "functionName": "other",
                            "functionAlias": "live",
                            "targetVersion": NEW,
                        }
                    }
                }
            ],
            "there is no check of other",
        ),
    ],
)
def test_a_deployment_of_nobody_knows_what_does_not_go_on(targets: list[Any], says: str) -> None:
    functions = Functions()
    judgement = judged(functions, CodeDeploy(targets=targets))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert says in judgement.text
    assert functions.asked == []


def test_an_answer_may_have_more_than_is_expected_but_not_less() -> None:
    assert has({"a": 1, "b": {"c": "d", "e": None}}, {"b": {"c": "d"}})
    assert not has({"a": 1, "b": {"c": "d"}}, {"b": {"c": "d", "e": None}})
    assert not has({"a": "1"}, {"a": 1})
