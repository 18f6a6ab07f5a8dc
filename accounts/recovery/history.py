"""What became of a stack's creation, from its events.

Events tell more than resources: those of a rolled-back stack say what it was that made a table, and
whether the stack was ever complete. CloudFormation keeps them for 90 days ("View stack events",
CloudFormation user guide); a history that does not reach back to its beginning proves nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from accounts.recovery.errors import RefusedError

_NESTED: Final = "AWS::CloudFormation::Stack"
# What a stack may go through that was never there for anybody to use.
_NEVER_COMPLETE: Final = frozenset(
    {
        *("REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_FAILED"),
        *("ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"),
        *("DELETE_IN_PROGRESS", "DELETE_FAILED", "DELETE_COMPLETE"),
    }
)
_BEGINNINGS: Final = frozenset({"REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS"})


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation has it now; `protected` from deletion?"""

    name: str
    id: str
    status: str
    protected: bool


@dataclass(frozen=True, order=True)
class Left:
    """A resource that the creation made and nothing removed; name is its physical id."""

    type: str
    name: str


def find(cloudformation: Any, name: str) -> Stack | None:
    """The stack of that name, or the last one that was deleted; None if there never was one."""
    try:
        (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return _deleted(cloudformation, name)
    protected = bool(found.get("EnableTerminationProtection"))
    return Stack(name, found["StackId"], found["StackStatus"], protected)


def _deleted(cloudformation: Any, name: str) -> Stack | None:
    pages = cloudformation.get_paginator("list_stacks").paginate(
        StackStatusFilter=["DELETE_COMPLETE"]
    )
    gone = [s for page in pages for s in page["StackSummaries"] if s["StackName"] == name]
    if not gone:
        return None
    newest = max(gone, key=lambda each: each["CreationTime"])
    return Stack(name, newest["StackId"], newest["StackStatus"], protected=False)


def left_behind(cloudformation: Any, stack: Stack) -> tuple[Left, ...]:
    """What the creation of a stack that was never complete made and nothing removed, with what its
    nested stacks made.

    Raises `RefusedError` where the stack was complete once, or that cannot be told.
    """
    own = [
        each["ResourceStatus"]
        for each in _events(cloudformation, stack.id)
        if each.get("PhysicalResourceId") == stack.id
    ]
    beyond = sorted(set(own) - _NEVER_COMPLETE)
    if beyond or stack.status not in _NEVER_COMPLETE:
        why = ", ".join(beyond) or stack.status
        raise RefusedError(
            f"{stack.name} was complete once ({why}): what it made may hold data. To remove it for "
            "good, see docs/removal.md"
        )
    if _BEGINNINGS.isdisjoint(own):
        raise RefusedError(
            f"the events of {stack.name} do not reach back to its creation, so nobody can tell "
            "whether it was ever complete: look at what it made, and remove it by hand"
        )
    return tuple(sorted(_left(cloudformation, stack.id)))


def _left(cloudformation: Any, stack_id: str) -> Iterator[Left]:
    seen: dict[Left, set[str]] = defaultdict(set)
    for event in _events(cloudformation, stack_id):
        name = event.get("PhysicalResourceId", "")
        if name and name != stack_id:
            seen[Left(event["ResourceType"], name)].add(event["ResourceStatus"])
    for resource, statuses in seen.items():
        if resource.type == _NESTED:
            yield from _left(cloudformation, resource.name)
        # What failed because the name was taken is somebody else's, so only what was completed.
        elif "CREATE_COMPLETE" in statuses and "DELETE_COMPLETE" not in statuses:
            yield resource


def _events(cloudformation: Any, stack_id: str) -> Iterator[dict[str, Any]]:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    for page in pages:
        yield from page["StackEvents"]
