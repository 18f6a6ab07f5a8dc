"""Who may do what on what that nobody of them may do now?

Compared is what the templates grant, not how they write it: a statement that is moved, split,
merged or renamed widens nothing, and neither does what an earlier, wider grant allowed anyway. All
stacks count together, so what moves from one to another is no news.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from ops.verdicts import Level, Verdict
from promotion import grants, limits
from promotion.grants import Grant
from promotion.names import holders
from promotion.preview import StackPreview

ABOUT: Final = "permissions"


def judge(previews: Sequence[StackPreview]) -> Iterator[Verdict]:
    """RED for each who gains something, for each limit that goes; a NOTE for a first delivery."""
    before = {grant for each in previews for grant in grants.of_template(each.before)}
    after = {grant for each in previews for grant in grants.of_template(each.after)}
    still = {name for each in previews for name in holders(each.after)}
    gained = sorted(_new(after, before, "Allow"), key=_by_name)
    if previews and all(each.is_new for each in previews):
        yield _all_new(gained)
        return
    for who, each in groupby(gained, key=lambda grant: grant.who):
        yield Verdict(Level.RED, ABOUT, f"{who} gains: {'; '.join(_gains(list(each)))}")
    for lost in sorted(_new(before, after, "Deny"), key=_by_name):
        if lost.holder in still:
            limit = f"{lost.action} on {lost.resource}"
            yield Verdict(Level.RED, ABOUT, f"{lost.who} is no longer denied {limit}")
    yield from _limits(previews, still)


def _all_new(gained: Sequence[Grant]) -> Verdict:
    """Of a first delivery: nobody is there yet whose permissions could be widened."""
    who = dict.fromkeys(grant.who for grant in gained)
    text = f"nothing runs yet, so all of it is new: {len(gained)} grants to {', '.join(who)}"
    return Verdict(
        Level.NOTE, ABOUT, text if gained else "nothing runs yet, and nothing is granted"
    )


def _new(wanted: set[Grant], known: set[Grant], effect: str) -> Iterator[Grant]:
    """The grants of this effect that no known one covers."""
    others = [grant for grant in known if grant.effect == effect]
    for grant in wanted - known:
        if grant.effect == effect and not any(each.covers(grant) for each in others):
            yield grant


def _by_name(grant: Grant) -> tuple[str, ...]:
    return (grant.who, grant.resource, grant.condition, grant.action)


def _gains(gained: Sequence[Grant]) -> Iterator[str]:
    """What is about one thing, together."""
    for (resource, condition), each in groupby(gained, lambda one: (one.resource, one.condition)):
        only = f", if {condition}" if condition else ""
        yield f"{', '.join(grant.action for grant in each)} on {resource}{only}"


def _limits(previews: Sequence[StackPreview], still: set[str]) -> Iterator[Verdict]:
    before = {k: v for each in previews for k, v in limits.of_template(each.before).items()}
    after = {k: v for each in previews for k, v in limits.of_template(each.after).items()}
    for (who, limit), value in sorted(before.items()):
        now = after.get((who, limit))
        if who in still and now != value:
            text = f"the {limit} of {who} was {value} and is {now or 'none'}"
            yield Verdict(Level.RED, ABOUT, text)
