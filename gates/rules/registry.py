"""How a rule is written down, and how all of them are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from assembly.templates import Assembly, Resource
from gates.finding import Finding

Hit = Resource | tuple[Resource, str]
Check = Callable[[Assembly], Iterator[Hit]]


@dataclass(frozen=True)
class Rule:
    """check yields each resource that breaks the rule, with a subject where it can do so twice."""

    id: str
    why: str
    fix: str
    check: Check

    def findings(self, assembly: Assembly) -> Iterator[Finding]:
        for hit in self.check(assembly):
            resource, subject = hit if isinstance(hit, tuple) else (hit, "")
            file = resource.template.file
            yield Finding(resource.path, file, self.id, self.why, self.fix, subject)


RULES: Final[dict[str, Rule]] = {}


def rule(rule_id: str, *, why: str, fix: str) -> Callable[[Check], Check]:
    """Registers the decorated function under an id of its own."""

    def register(check: Check) -> Check:
        if rule_id in RULES:
            raise ValueError(f"two rules are called {rule_id}")
        RULES[rule_id] = Rule(rule_id, why, fix, check)
        return check

    return register


def check(assembly: Assembly) -> list[Finding]:
    """What breaks any rule."""
    return [finding for each in RULES.values() for finding in each.findings(assembly)]
