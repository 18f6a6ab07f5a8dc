"""Did somebody change prod by hand, and would the deployment overwrite it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from ops import drift
from ops.drift import Drifted
from ops.errors import OpsError
from ops.verdicts import Level, Verdict
from promotion.preview import StackPreview

ABOUT: Final = "changed by hand"


def judge(cloudformation: Any, previews: Sequence[StackPreview]) -> Iterator[Verdict]:
    """RED where the deployment touches what somebody changed, else a NOTE; a NOTE, too, where
    CloudFormation could not look.

    CloudFormation compares with the last template, not with what is there: a hand-made change stays
    until a deployment updates that resource ("Detect unmanaged configuration changes to stacks
    and resources with drift detection", AWS CloudFormation User Guide).
    """
    touched = {(p.name, change.logical_id) for p in previews for change in p.changes}
    for stack in _outermost(previews):
        try:
            drifts = drift.of_stack(cloudformation, stack).drifted
        except (ClientError, OpsError) as error:
            yield Verdict(Level.NOTE, ABOUT, f"nobody could look at {stack}: {error}")
            continue
        for each in drifts:
            yield _verdict(each, overwritten=(each.stack, each.logical_id) in touched)


def _outermost(previews: Sequence[StackPreview]) -> list[str]:
    """Drift detection goes down from these by itself."""
    return [p.name for p in previews if p.name and " / " not in p.label]


def _verdict(drifted: Drifted, *, overwritten: bool) -> Verdict:
    if overwritten:
        text = f"{drifted.text}; this deployment changes it, and may put it back"
        return Verdict(Level.RED, ABOUT, text)
    return Verdict(Level.NOTE, ABOUT, f"{drifted.text}; this deployment leaves it so")
