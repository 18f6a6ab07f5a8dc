"""The changes of a change set, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from assembly.text import plain

_LONGEST: Final = 160
_UNSET: Final = object()


class Action(StrEnum):
    """What happens to a resource. PERHAPS_REPLACED: it depends on values known while it happens."""

    REMOVED = "removed"
    REPLACED = "replaced"
    PERHAPS_REPLACED = "perhaps replaced"
    CHANGED = "changed"
    ADDED = "added"
    IMPORTED = "imported"


_ACTIONS: Final = {"Add": Action.ADDED, "Remove": Action.REMOVED, "Import": Action.IMPORTED}
_REPLACEMENTS: Final = {"True": Action.REPLACED, "Conditional": Action.PERHAPS_REPLACED}


@dataclass(frozen=True)
class Property:
    """One property that changes. before, after: short texts; "" where there is none.

    replaces: whether its change makes a new resource, as CloudFormation says: Never, Conditionally
    or Always. because: the parameter or resource that it follows, or "". follows: whether it is
    written as before, and changes only if what it follows turns out otherwise.
    """

    name: str
    before: str
    after: str
    replaces: str
    because: str
    follows: bool

    @property
    def text(self) -> str:
        """In a sentence."""
        cause = f" (follows {self.because})" if self.because else ""
        if not self.before and not self.after:
            return f"{self.name}{cause}"
        return f"{self.name}: {self.before or 'nothing'} \u2192 {self.after or 'nothing'}{cause}"


@dataclass(frozen=True)
class Change:
    """What a change set does to one resource. stack: where, as people name it.

    policy: what becomes of the old resource when it is removed or replaced: Delete, Retain or
    Snapshot; "" for any other action.
    """

    stack: str
    logical_id: str
    physical_id: str
    type: str
    action: Action
    policy: str
    properties: tuple[Property, ...] = ()

    @property
    def label(self) -> str:
        """The resource as people find it again."""
        named = f" ({self.physical_id})" if self.physical_id else ""
        return f"{self.type} {self.logical_id}{named}"

    @property
    def follows(self) -> bool:
        """Whether it changes only if another resource's attributes turn out otherwise.

        CloudFormation lists whatever reads an attribute of a resource that changes, and leaves it
        alone when the attribute stayed ("ResourceChangeDetail", Evaluation, AWS CloudFormation API
        Reference).
        """
        possible = (Action.CHANGED, Action.PERHAPS_REPLACED)
        parts = self.properties
        return self.action in possible and bool(parts) and all(each.follows for each in parts)

    @property
    def causes(self) -> tuple[str, ...]:
        """The logical ids and parameters that it follows."""
        named = (each.because.partition(".")[0] for each in self.properties if each.because)
        return tuple(dict.fromkeys(named))

    @property
    def text(self) -> str:
        """In a sentence."""
        if self.follows:
            return f"changed only as far as {', '.join(self.causes)} turns out otherwise"
        forced = [each.name for each in self.properties if each.replaces == "Always"]
        if self.action is Action.REPLACED and forced:
            return f"replaced, because {', '.join(forced)} cannot be changed in place"
        if self.action is Action.REMOVED:
            return "removed; it stays, and belongs to no stack" if self.stays else "removed"
        return self.action.value

    @property
    def stays(self) -> bool:
        """Whether the old resource outlives the deployment."""
        return self.policy == "Retain"

    @classmethod
    def parse(
        cls, stack: str, row: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Self:
        """row: a `ResourceChange`; before, after: the resource in the old and the new template."""
        action = _REPLACEMENTS.get(row.get("Replacement", ""), Action.CHANGED)
        action = _ACTIONS.get(row["Action"], action)
        return cls(
            stack=stack,
            logical_id=row["LogicalResourceId"],
            physical_id=row.get("PhysicalResourceId", ""),
            type=row["ResourceType"],
            action=action,
            policy=_policy(action, row.get("PolicyAction", ""), before, after),
            properties=tuple(_properties(row, before, after)),
        )


def _policy(action: Action, told: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """CloudFormation tells it for what is sure; for the rest, what the templates say counts.

    Without a policy of its own, a resource is deleted ("UpdateReplacePolicy attribute" and
    "DeletionPolicy attribute", AWS CloudFormation User Guide).
    """
    if action not in (Action.REMOVED, Action.REPLACED, Action.PERHAPS_REPLACED):
        return ""
    removed = action is Action.REMOVED
    written = before.get("DeletionPolicy") if removed else after.get("UpdateReplacePolicy")
    policy = told.removeprefix("ReplaceAnd") or str(written or "Delete")
    return "Retain" if policy == "RetainExceptOnCreate" else policy


def _properties(
    row: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Property]:
    """Each property once, with the worst that any detail says of it."""
    found: dict[str, Property] = {}
    for detail in row.get("Details", []):
        target = detail["Target"]
        name = target.get("Name") or target["Attribute"]
        known = found.get(name)
        replaces = target.get("RequiresRecreation", "Never")
        dynamic = detail.get("Evaluation") == "Dynamic" and _raw(before, target) == _raw(
            after, target
        )
        worst = max(replaces, known.replaces if known else "Never", key=_ORDER.index)
        found[name] = Property(
            name,
            _short(before, target),
            _short(after, target),
            worst,
            detail.get("CausingEntity", "") or (known.because if known else ""),
            dynamic and (known is None or known.follows),
        )
    return list(found.values())


_ORDER: Final = ("Never", "Conditionally", "Always")


def _raw(resource: Mapping[str, Any], target: Mapping[str, Any]) -> Any:
    """The value as a template has it."""
    if target["Attribute"] == "Properties":
        return resource.get("Properties", {}).get(target.get("Name"), _UNSET)
    return resource.get(target["Attribute"], _UNSET)


def _short(resource: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    """The value in a template, references as names, cut where it is long."""
    value = _raw(resource, target)
    text = "" if value is _UNSET else str(plain(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\u2026"
