"""What somebody changed by hand: CloudFormation's drift detection over an environment's stacks.

A nested stack is looked at by itself: detection on its parent does not look into it ("Detect drift
on an entire CloudFormation stack", AWS CloudFormation User Guide). Only resource types that support
it are looked at; the others are counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from ops.errors import NoSuchEnvironmentError, OpsError

_NESTED: Final = "AWS::CloudFormation::Stack"
# Detection can only be polled. AWS names no limit: a stack of hundreds of resources takes minutes.
_POLL_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 900.0
_DIFFERENT: Final = ("MODIFIED", "DELETED")


@dataclass(frozen=True)
class Difference:
    """One property. path: as `/Tags/0/Value`; kind: ADD, REMOVE or NOT_EQUAL."""

    path: str
    kind: str
    expected: str
    actual: str


@dataclass(frozen=True)
class Drifted:
    """A resource that is not as its template says. status: MODIFIED or DELETED."""

    stack: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    differences: tuple[Difference, ...]

    @property
    def text(self) -> str:
        """In a sentence."""
        what = f"{self.type} {self.logical_id} ({self.physical_id})"
        if self.status == "DELETED":
            return f"{what} was deleted by hand"
        changed = "; ".join(_words(each) for each in self.differences)
        return f"{what} was changed by hand: {changed}"


@dataclass(frozen=True)
class Look:
    """What detection said of some stacks. unseen: `stack/logical id` of what it cannot look at."""

    stacks: tuple[str, ...]
    drifted: tuple[Drifted, ...]
    seen: int
    unseen: tuple[str, ...]


def of_stack(cloudformation: Any, name: str) -> Look:
    """Detects the drift of a stack and of those nested in it, now.

    Raises `NoSuchEnvironmentError` without the stack, `OpsError` when detection fails.
    """
    looks = [_one(cloudformation, stack) for stack in _with_nested(cloudformation, name)]
    return Look(
        stacks=tuple(name for look in looks for name in look.stacks),
        drifted=tuple(each for look in looks for each in look.drifted),
        seen=sum(look.seen for look in looks),
        unseen=tuple(each for look in looks for each in look.unseen),
    )


def _with_nested(cloudformation: Any, name: str) -> Iterator[str]:
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise NoSuchEnvironmentError(
            f"there is no stack {name} here: take the credentials of its account, or deploy it"
        ) from None
    yield stack["StackName"]
    for resource in _resources(cloudformation, name):
        if resource["ResourceType"] == _NESTED and resource.get("PhysicalResourceId"):
            yield from _with_nested(cloudformation, resource["PhysicalResourceId"])


def _resources(cloudformation: Any, stack: str) -> list[dict[str, Any]]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return [row for page in pages for row in page["StackResourceSummaries"]]


def _one(cloudformation: Any, stack: str) -> Look:
    _detect(cloudformation, stack)
    rows = list(_drifts(cloudformation, stack))
    looked = {row["LogicalResourceId"] for row in rows if row["StackResourceDriftStatus"] in _KNOWN}
    others = [each["LogicalResourceId"] for each in _resources(cloudformation, stack)]
    return Look(
        stacks=(stack,),
        drifted=tuple(
            _drifted(stack, r) for r in rows if r["StackResourceDriftStatus"] in _DIFFERENT
        ),
        seen=len(looked),
        unseen=tuple(f"{stack}/{each}" for each in others if each not in looked),
    )


_KNOWN: Final = ("IN_SYNC", *_DIFFERENT)


def _drifts(cloudformation: Any, stack: str) -> Iterator[dict[str, Any]]:
    more: dict[str, str] = {}
    while True:
        page = cloudformation.describe_stack_resource_drifts(StackName=stack, **more)
        yield from page["StackResourceDrifts"]
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}


def _detect(cloudformation: Any, stack: str) -> None:
    started = cloudformation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=started)
        if found["DetectionStatus"] == "DETECTION_COMPLETE":
            return
        # Failed for some resources: what it could look at is still told, the rest counts as unseen.
        if found["DetectionStatus"] == "DETECTION_FAILED":
            return
        if time.monotonic() > deadline:
            raise OpsError(f"CloudFormation still looks for drift of {stack}: try again later")
        time.sleep(_POLL_SECONDS)


def _drifted(stack: str, row: dict[str, Any]) -> Drifted:
    return Drifted(
        stack=stack,
        logical_id=row["LogicalResourceId"],
        physical_id=row.get("PhysicalResourceId", ""),
        type=row["ResourceType"],
        status=row["StackResourceDriftStatus"],
        differences=tuple(
            Difference(
                each["PropertyPath"],
                each["DifferenceType"],
                each.get("ExpectedValue", ""),
                each.get("ActualValue", ""),
            )
            for each in row.get("PropertyDifferences", [])
        ),
    )


def _words(difference: Difference) -> str:
    match difference.kind:
        case "ADD":
            return f"{difference.path} was added ({difference.actual})"
        case "REMOVE":
            return f"{difference.path} was removed (the template has {difference.expected})"
    return f"{difference.path} is {difference.actual}, the template has {difference.expected}"
