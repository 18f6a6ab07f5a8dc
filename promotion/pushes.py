"""What the pipeline took since the version that runs, from its own history.

A source artifact has files and no history, and with a full clone every build of the pipeline would
have to read the repository itself ("CodeStarSourceConnection", OutputArtifactFormat, CodePipeline
user guide). What CodePipeline keeps of each execution, for twelve months, is the newest commit of
its push.
"""

from __future__ import annotations

from collections.abc import Sequence

from ops.records import Execution
from promotion.commits import Commit, UnknownHistoryError


def between(newest_first: Sequence[Execution], old: str, new: str) -> list[Commit]:
    """What was pushed after `old`, up to `new`, newest first; [] where `new` came earlier.

    Raises `UnknownHistoryError` for a commit that no execution had.
    """
    pushed = _pushed(newest_first)
    for commit in (old, new):
        if commit not in pushed:
            raise UnknownHistoryError(f"the pipeline's history does not have {commit}")
    order = list(pushed)
    later = order[order.index(old) + 1 : order.index(new) + 1]
    return [pushed[commit] for commit in reversed(later)]


def _pushed(newest_first: Sequence[Execution]) -> dict[str, Commit]:
    """By id, in the order in which each came first: it may be delivered again."""
    found: dict[str, Commit] = {}
    for each in reversed(newest_first):
        if each.commit and not each.rollback:
            date = each.started.isoformat(timespec="seconds") if each.started else ""
            found.setdefault(each.commit, Commit(each.commit, "", date, each.message, each.url))
    return found
