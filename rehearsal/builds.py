"""What a CodeBuild build of the pipeline left behind: its log and its test report."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TestCase:
    """One check of a smoke report, as CodeBuild parsed it."""

    name: str
    passed: bool
    message: str


def is_build(external_id: str) -> bool:
    """Whether an action's external execution is a CodeBuild build: `project:uuid`."""
    return ":" in external_id and not external_id.startswith("arn:")


def log_lines(codebuild: Any, logs: Any, build_id: str) -> list[str]:
    """The log of a build, oldest line first; empty while it has not written any."""
    location = _build(codebuild, build_id).get("logs", {})
    if not location.get("streamName"):
        return []
    try:
        return list(_events(logs, location["groupName"], location["streamName"]))
    except logs.exceptions.ResourceNotFoundException:
        return []  # it failed before it could write


def _events(logs: Any, group: str, stream: str) -> Iterator[str]:
    token: dict[str, str] = {}
    while True:
        page = logs.get_log_events(
            logGroupName=group, logStreamName=stream, startFromHead=True, **token
        )
        yield from (event["message"].rstrip("\n") for event in page["events"])
        # The end is reached when the same token comes back: API reference, GetLogEvents.
        if not page["events"] or token.get("nextToken") == page["nextForwardToken"]:
            return
        token = {"nextToken": page["nextForwardToken"]}


def test_cases(codebuild: Any, build_id: str) -> list[TestCase]:
    """Every check that the build reported; empty if it reported none."""
    return [
        _test_case(row)
        for arn in _build(codebuild, build_id).get("reportArns", [])
        for page in codebuild.get_paginator("describe_test_cases").paginate(reportArn=arn)
        for row in page["testCases"]
    ]


def _test_case(row: dict[str, Any]) -> TestCase:
    return TestCase(
        name=row["name"], passed=row["status"] == "SUCCEEDED", message=row.get("message", "")
    )


def _build(codebuild: Any, build_id: str) -> dict[str, Any]:
    builds: list[dict[str, Any]] = codebuild.batch_get_builds(ids=[build_id])["builds"]
    return builds[0] if builds else {}
