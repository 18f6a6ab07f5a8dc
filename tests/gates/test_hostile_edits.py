"""Every hostile edit of the delivery is reported, by a rule or as a difference to be reviewed.

Proves that each mutant in `mutants.py` breaks the rule it names (the test's id says which, TAP-7xx
being the reviewed texts), that every rule about the delivery has a mutant, and that the delivery as
it is breaks none. Does not prove that nobody finds another way: what a commit can do about the
rules themselves is said in docs/decisions/2026-11-25-reviewed-delivery.md.
"""

from __future__ import annotations

import pytest

from gates.delivery import Delivery
from gates.finding import Finding
from gates.rules import RULES, check
from tests.gates import (
    guard_mutants,
    mutants_of_files,
    mutants_of_templates,
    protection_mutants,
)
from tests.gates.drafts import Draft
from tests.gates.mutants import MUTANTS, Mutation

# What they register, importing them did.
assert guard_mutants
assert mutants_of_files
assert mutants_of_templates
assert protection_mutants

# Rules about builds and the delivery, and the reviewed texts; test_own_rules.py has the others'.
ABOUT_THE_DELIVERY = ("TAP-3", "TAP-4", "TAP-7")


def test_the_delivery_as_it_is_breaks_no_rule(delivery: Delivery) -> None:
    acknowledged = {"TAP-106", "TAP-201"}  # Of the bootstrap templates, in acknowledged.toml.
    found = [each for each in check(delivery) if each.rule not in acknowledged]
    assert found == []


@pytest.fixture(scope="module")
def known(delivery: Delivery) -> set[Finding]:
    """What is reported, and acknowledged, of the delivery as it is."""
    return set(check(delivery))


@pytest.mark.parametrize(
    ("rule", "mutation"), [pytest.param(r, m, id=f"{r}:{m.__name__}") for r, m in MUTANTS]
)
def test_a_mutant_is_caught(
    delivery: Delivery, known: set[Finding], rule: str, mutation: Mutation
) -> None:
    draft = Draft.of(delivery)
    mutation(draft)
    found = set(RULES[rule].findings(draft.delivery)) - known
    assert found, f"survived {rule}; noticed by {sorted({f.rule for f in check(draft.delivery)})}"
    assert all(each.path and each.why and each.fix for each in found)


def test_every_rule_about_the_delivery_has_a_mutant_that_it_catches() -> None:
    of_a_checkout = {"TAP-436"}  # In test_checkouts.py: what lies in a folder is no text.
    caught = {rule for rule, _ in MUTANTS} | of_a_checkout
    assert {rule for rule in RULES if rule.startswith(ABOUT_THE_DELIVERY)} <= caught


def test_there_are_enough_mutants_and_none_is_there_twice() -> None:
    names = [mutation.__name__ for _, mutation in MUTANTS]
    assert len(set(names)) == len(names) >= 230
