"""What no change set shows, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from assembly.text import texts
from ops.verdicts import Level, Verdict
from promotion.changes import Action, Change
from promotion.preview import StackPreview

ABOUT: Final = "not previewed"
_CUSTOM: Final = ("Custom::", "AWS::CloudFormation::CustomResource")


def judge(previews: Sequence[StackPreview]) -> Iterator[Verdict]:
    """RED for a whole stack that could not be looked at, NOTE for what only the doing shows: one
    for all resources of a type that it is the same of, as of every function's new version."""
    alike: dict[tuple[str, str], list[str]] = {}
    for preview in previews:
        if preview.unseen:
            yield Verdict(Level.RED, ABOUT, f"{preview.label}: {preview.unseen}")
        for change in preview.changes:
            for why in _reasons(change, preview.after):
                subject = f"{change.label} in {preview.label}"
                alike.setdefault((change.type, why), []).append(subject)
    for (kind, why), subjects in alike.items():
        yield Verdict(Level.NOTE, ABOUT, f"{_named(kind, subjects)}: {why}")


def _named(kind: str, subjects: Sequence[str]) -> str:
    if len(subjects) == 1:
        return subjects[0]
    each = ", ".join(subject.removeprefix(f"{kind} ") for subject in subjects)
    return f"{len(subjects)} {kind} ({each}), of each"


def _reasons(change: Change, after: Mapping[str, Any]) -> Iterator[str]:
    if change.type.startswith(_CUSTOM):
        yield f"a custom resource is {change.action}, and what that does only its function knows"
    if change.action is Action.PERHAPS_REPLACED and not change.follows:
        yield "whether it is replaced depends on values that are known only while it is deployed"
    resource = after.get("Resources", {}).get(change.logical_id, {})
    if any("{{resolve:" in text for text in texts(resource)):
        yield "it takes a value from Parameter Store or Secrets Manager, which no change set shows"
