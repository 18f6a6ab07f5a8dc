"""Every hostile edit of the delivery is reported by the rule that is there for it.

Proves that each mutant in `mutants.py` breaks the rule it names, that every rule has a mutant, and
that the delivery as it is breaks none. Does not prove that nobody finds another way: what a commit
can do about the rules themselves is said in docs/decisions/2026-11-23-shape-rules.md.
"""

from __future__ import annotations

import pytest
from drafts import Draft
from mutants import MUTANTS, Mutation

from assembly.pipeline import Delivery
from gates.shape.rules import RULES, judge
from tests.support.synthesis import REPOSITORY, Assembly

SNAPSHOT = REPOSITORY / "tests/gates/iam.snapshot"


@pytest.fixture(scope="session")
def delivery(assembly: Assembly) -> Delivery:
    return Delivery.read(assembly.directory, REPOSITORY, SNAPSHOT)


def test_the_delivery_as_it_is_breaks_no_rule(delivery: Delivery) -> None:
    found = [
        f"{rule}: {violation.where} {violation.why}"
        for rule, violations in judge(delivery).items()
        for violation in violations
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "mutation"), [pytest.param(r, m, id=f"{r}:{m.__name__}") for r, m in MUTANTS]
)
def test_a_mutant_is_caught_by_its_rule(delivery: Delivery, rule: str, mutation: Mutation) -> None:
    draft = Draft.of(delivery)
    mutation(draft)
    known = list(RULES[rule](delivery))
    violations = [each for each in RULES[rule](draft.delivery) if each not in known]
    assert violations, f"survived; noticed by {sorted(judge(draft.delivery)) or 'no rule'}"
    for violation in violations:
        assert violation.where
        assert violation.why
        assert violation.fix


def test_every_rule_has_a_mutant_that_it_catches() -> None:
    assert {rule for rule, _ in MUTANTS} == set(RULES)


def test_there_are_enough_mutants_and_none_is_there_twice() -> None:
    names = [mutation.__name__ for _, mutation in MUTANTS]
    assert len(set(names)) == len(names) >= 25
