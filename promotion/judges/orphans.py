"""What stays behind and belongs to nobody: resources that are kept, and whole stacks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from ops.verdicts import Level, Verdict
from promotion.changes import Action
from promotion.preview import StackPreview

ABOUT: Final = "left behind"


def resources(previews: Sequence[StackPreview]) -> Iterator[Verdict]:
    """What its policy keeps when it is removed or replaced."""
    for change in (change for preview in previews for change in preview.changes):
        if change.stays and change.action in (Action.REMOVED, Action.REPLACED):
            text = (
                f"{change.label} stays behind after {change.stack} lets go of it: "
                "import it somewhere, or delete it by hand when nobody needs it"
            )
            yield Verdict(Level.NOTE, ABOUT, text)


def stacks(
    cloudformation: Any, deployed: Collection[str], wanted: Collection[str]
) -> Iterator[Verdict]:
    """Stacks that the pipeline has deployed and does not deploy any more.

    deployed: by name, what it has ever deployed here; wanted: what the release deploys. Nothing
    deletes such a stack: a pipeline only knows what it deploys.
    """
    for name in sorted(set(deployed) - set(wanted)):
        try:
            (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                continue
            raise
        if stack["StackStatus"] != "DELETE_COMPLETE":
            text = (
                f"the stack {name} is not in this release and stays as it is, and is paid for: "
                f"delete it by hand (aws cloudformation delete-stack --stack-name {name})"
            )
            yield Verdict(Level.RED, ABOUT, text)
