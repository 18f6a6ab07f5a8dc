"""What is installed is what locks name, from where they were made; what is tested is everything."""

from __future__ import annotations

from collections.abc import Iterator

from gates.delivery import Delivery
from gates.registry import rule
from gates.supply_chain import locks


@rule(
    "TAP-435",
    why="packages would come from elsewhere, unchecked or with scripts of their own, or tests "
    "would be left out",
    fix="make locks with scripts/lock; another setting is allowed in gates/supply_chain/locks.py, "
    "by a review of its own; where packages are mirrored stands in your own home or environment",
)
def locks_say_only_what_they_may(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for path, text in delivery.installs.items():
        try:
            yield from ((path, problem) for problem in locks.problems(path, text))
        except ValueError as error:
            yield path, f"cannot be read: {error}"
