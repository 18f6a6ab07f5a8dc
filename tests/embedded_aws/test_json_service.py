"""Requests whose members are wrong, at every level, against AWS's own service model.

Proves that a wrong shape, a missing member and a limit that is passed are a 400 with the member's
path, before anything is done, for every operation that a service offers. What AWS's own words are
is taken from its answers as people report them, not from a page.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from embedded_aws import members
from embedded_aws.json_service import JsonService

EXECUTION = "00000000-0000-0000-0000-000000000000"
APPROVAL = {"pipelineName": "P", "stageName": "S", "actionName": "A", "token": EXECUTION}


class Recorder(JsonService):
    """Answers every operation with nothing, and remembers which it was asked."""

    title = "The recorder"

    def __init__(self) -> None:
        self.done: list[str] = []
        service = members.model("codepipeline")
        operations = {name: self._do(name) for name in service.operations}
        super().__init__(operations, service)

    def _do(self, name: str) -> Any:
        def operation(request: Mapping[str, Any]) -> dict[str, Any]:
            del request
            self.done.append(name)
            return {}

        return operation


def ask(service: JsonService, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """(HTTP status, document) of a request."""
    headers = {"x-amz-target": f"CodePipeline_20150709.{operation}"}
    answer = asyncio.run(service.handle_request("POST", "/", headers, body, {}))
    return answer[0], json.loads(answer[2])


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("StartPipelineExecution", {"name": "P", "variables": ["x"]}, "'variables.1.member'"),
    (
        "StartPipelineExecution",
        {"name": "P", "variables": [{"name": "a"}]},
        "'variables.1.member.value' failed to satisfy constraint: Member must not be null",
    ),
    (
        "StartPipelineExecution",
        {"name": "P", "variables": [{"name": "v", "value": ""}]},
        "'variables.1.member.value' failed to satisfy constraint: Member must have length greater",
    ),
    (
        "StartPipelineExecution",
        {"name": "P", "sourceRevisions": [{"actionName": "Source"}]},
        "'sourceRevisions.1.member.revisionType'",
    ),
    (
        "ListPipelineExecutions",
        {"pipelineName": "P", "filter": {"succeededInStage": "x"}},
        "'filter.succeededInStage'",
    ),
    (
        "ListActionExecutions",
        {"pipelineName": "P", "filter": {"latestInPipelineExecution": "x"}},
        "'filter.latestInPipelineExecution'",
    ),
    (
        "ListActionExecutions",
        {
            "pipelineName": "P",
            "filter": {
                "latestInPipelineExecution": {
                    "pipelineExecutionId": EXECUTION,
                    "startTimeRange": "Earliest",
                }
            },
        },
        "Member must satisfy enum value set: [Latest, All]",
    ),
    (
        "PutApprovalResult",
        {**APPROVAL, "result": {"status": "Approved", "summary": "x" * 513}},
        "'result.summary' failed to satisfy constraint: Member must have length less than or "
        "equal to 512",
    ),
    (
        "StopPipelineExecution",
        {"pipelineName": "P", "pipelineExecutionId": EXECUTION, "reason": "x" * 201},
        "'reason' failed to satisfy constraint: Member must have length less than or equal to 200",
    ),
    ("GetPipeline", {"name": "a b"}, "regular expression pattern"),
    ("GetPipeline", {"name": "P", "version": 0}, "value greater than or equal to 1"),
    ("GetPipeline", {"name": "P", "version": True}, "Member must be an integer"),
]


@pytest.mark.parametrize(("operation", "body", "complaint"), WRONG, ids=[w[2] for w in WRONG])
def test_a_wrong_member_is_named_and_nothing_is_done(
    operation: str, body: dict[str, Any], complaint: str
) -> None:
    service = Recorder()
    status, document = ask(service, operation, json.dumps(body).encode())
    assert (status, document["__type"]) == (400, "ValidationException")
    assert complaint in document["message"]
    assert service.done == []


def test_every_wrong_member_is_told_at_once() -> None:
    body = {"pipelineName": "a b", "stageName": "S", "retryMode": "NO"}
    _, document = ask(Recorder(), "RetryStageExecution", json.dumps(body).encode())
    assert document["message"].startswith("3 validation errors detected: ")


def test_what_is_no_json_object_cannot_be_read() -> None:
    for body in (b"[]", b"{", b"\xff"):
        status, document = ask(Recorder(), "ListPipelines", body)
        assert (status, document["__type"]) == (400, "SerializationException")


def test_members_at_their_limits_pass_and_unknown_ones_are_ignored() -> None:
    service = Recorder()
    result = {"status": "Rejected", "summary": "x" * 512, "unheard": {"of": [1]}}
    status, _ = ask(
        service, "PutApprovalResult", json.dumps({**APPROVAL, "result": result}).encode()
    )
    assert (status, service.done) == (200, ["PutApprovalResult"])


def test_an_operation_that_is_not_offered_is_refused_by_name() -> None:
    service = JsonService({"Known": lambda _: {}})
    service.title = "The service"
    status, document = ask(service, "Other", b"")
    assert (status, document["__type"]) == (400, "UnsupportedOperationException")
    assert document["message"] == "The service does not offer Other here. It offers: Known"


def another_type(value: Any) -> Any:
    """Something that cannot stand where `value` does."""
    return ["wrong"] if isinstance(value, dict) else {"wrong": 1}


def replaced(value: Any) -> Iterator[tuple[Any, Any]]:
    """(`value` with one member of another type, that member), for every member at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield {**value, key: another_type(item)}, another_type(item)
            yield from (({**value, key: each}, wrong) for each, wrong in replaced(item))
    elif isinstance(value, list):
        for item in value:
            yield [another_type(item)], another_type(item)
            yield from (([each], wrong) for each, wrong in replaced(item))


def sample(service: members.Model, shape: members.Shape) -> Any:
    """A value with every member that the model knows, without regard to patterns."""
    kind = shape["type"]
    if kind == "structure":
        return {
            name: sample(service, service.shape_of(reference))
            for name, reference in shape["members"].items()
        }
    if kind == "list":
        return [sample(service, service.shape_of(shape["member"]))]
    if kind == "map":
        return {"k": sample(service, service.shape_of(shape["value"]))}
    return {"boolean": True, "string": shape.get("enum", ["x"])[0]}.get(kind, 1)


@pytest.mark.parametrize("service", ["codepipeline", "codebuild"])
def test_no_wrong_type_anywhere_in_any_request_gets_through(service: str) -> None:
    """The property behind the cases: whatever member is of another type, it is found."""
    known = members.model(service)
    tried = 0
    for name in known.operations:
        shape = known.input_of(name)
        if shape is None:
            continue
        for request, wrong in replaced(sample(known, shape)):
            tried += 1
            found = list(members.problems(known, shape, request))
            assert wrong in [problem.value for problem in found], (name, request)
    assert tried > 100
