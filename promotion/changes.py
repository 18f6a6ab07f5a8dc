"""The changes of a change set, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from promotion.values import MISSING, Difference, differences


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
    """One property that changes. differences: between the old template and the new one.

    replaces: whether its change makes a new resource, as CloudFormation says: Never, Conditionally
    or Always. because: the parameter or resource that it follows, or "". follows: whether it is
    written as before, and changes only if what it follows turns out otherwise.
    """

    name: str
    differences: tuple[Difference, ...]
    replaces: str
    because: str
    follows: bool

    @property
    def texts(self) -> tuple[str, ...]:
        """A line each."""
        if self.differences:
            return tuple(each.text for each in self.differences)
        return (f"{self.name} follows {self.because}" if self.because else self.name,)


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
        named = f" ({stack_name(self.physical_id)})" if self.physical_id else ""
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
            tuple(differences(name, _raw(before, target), _raw(after, target))),
            worst,
            detail.get("CausingEntity", "") or (known.because if known else ""),
            dynamic and (known is None or known.follows),
        )
    return list(found.values())


_ORDER: Final = ("Never", "Conditionally", "Always")


def _raw(resource: Mapping[str, Any], target: Mapping[str, Any]) -> Any:
    """The value as a template has it."""
    if target["Attribute"] == "Properties":
        return resource.get("Properties", {}).get(target.get("Name"), MISSING)
    return resource.get(target["Attribute"], MISSING)


def stack_name(physical_id: str) -> str:
    """Of a stack given by its ARN, `…:stack/<name>/<id>`; any other id as it is."""
    is_stack = physical_id.startswith("arn:") and ":stack/" in physical_id
    return physical_id.split("/")[1] if is_stack else physical_id
