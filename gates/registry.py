"""How a rule is written down, and how all of them are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from assembly.templates import Resource
from gates.delivery import Delivery
from gates.finding import Finding

Hit = Resource | tuple[Resource | str, str]
Check = Callable[[Delivery], Iterator[Hit]]


@dataclass(frozen=True)
class Rule:
    """check yields what breaks the rule, each with what exactly where one word is not enough.

    That is a resource, or the name of a stage, an action, a build or a file as people know it.
    """

    id: str
    why: str
    fix: str
    check: Check

    def findings(self, delivery: Delivery) -> Iterator[Finding]:
        for hit in self.check(delivery):
            where, subject = hit if isinstance(hit, tuple) else (hit, "")
            if isinstance(where, Resource):
                path, file = where.path, where.template.file
            else:
                path, file = where, ""
            yield Finding(path, file, self.id, self.why, self.fix, subject)


RULES: Final[dict[str, Rule]] = {}


def rule(rule_id: str, *, why: str, fix: str) -> Callable[[Check], Check]:
    """Registers the decorated function under an id of its own."""

    def register(check: Check) -> Check:
        if rule_id in RULES:
            raise ValueError(f"two rules are called {rule_id}")
        RULES[rule_id] = Rule(rule_id, why, fix, check)
        return check

    return register


def check(delivery: Delivery) -> list[Finding]:
    """What breaks any rule."""
    return [finding for each in RULES.values() for finding in each.findings(delivery)]
