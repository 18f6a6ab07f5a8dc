"""The catalogue's table: what happens when DynamoDB cancels, throttles, or has lost a row.

Proved on an in-memory table that checks conditions as DynamoDB does. The ordinary paths are in
test_processing.py.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.common.runtime.problems import UnavailableError
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import VersionRow
from services.files.runtime.catalogue.store import DynamoCatalogue
from tests.files.core.world import World, id_in
from tests.support.cloud.account import Worker
from tests.support.cloud.faults import refusal


def _catalogue(world: World) -> DynamoCatalogue:
    return world.service.catalogue(Worker())


def _next(row: VersionRow) -> VersionRow:
    return replace(row, revision=row.revision + 1, attempt=row.attempt + 1)


def _processed(world: World) -> VersionRow:
    world.invoke(world.upload())
    return world.only_version()


def test_a_row_read_is_the_row_that_was_written(world: World) -> None:
    row = _processed(world)
    catalogue = _catalogue(world)
    assert world.do(lambda: catalogue.version(row.file_id, row.version_id)) == row
    following = _next(row)
    assert world.do(lambda: catalogue.save(following, Kind.TABLE))
    assert world.do(lambda: catalogue.version(row.file_id, row.version_id)) == following


def test_a_row_is_not_written_over_a_revision_that_nobody_saw(world: World) -> None:
    row = _processed(world)
    catalogue = _catalogue(world)
    one, other = _next(row), replace(_next(row), claimed_by="another")
    assert world.do(lambda: catalogue.save(one, Kind.TABLE))
    assert not world.do(lambda: catalogue.save(other, Kind.TABLE))
    assert world.only_version() == one


def test_a_write_whose_reply_was_lost_counts_when_it_is_repeated(world: World) -> None:
    row = _next(_processed(world))
    catalogue = _catalogue(world)
    assert world.do(lambda: catalogue.save(row, Kind.TABLE))
    assert world.do(lambda: catalogue.save(row, Kind.TABLE))


def test_a_file_that_is_gone_is_not_made_anew_by_half(world: World) -> None:
    event = world.upload()
    world.invoke(event)
    row = world.only_version()
    del world.cloud.table.items[f"{id_in(event)} file"]
    catalogue = _catalogue(world)
    with pytest.raises(UnavailableError):
        world.do(lambda: catalogue.save(_next(row), Kind.TABLE))
    assert world.only_version() == row


class _Conflicting:
    """A client whose first transactions meet another one on the same items."""

    def __init__(self, client: Any, times: int) -> None:
        self._client, self._times = client, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **arguments: Any) -> Any:
        if self._times > 0:
            self._times -= 1
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "m"}]
            raise refusal(
                "TransactionCanceledException",
                400,
                "TransactWriteItems",
                {"CancellationReasons": reasons},
            )
        return self._client.transact_write_items(**arguments)


@pytest.mark.parametrize(("times", "written"), [(1, True), (2, True), (3, False)])
def test_a_conflict_is_tried_again_and_then_left_to_the_next_attempt(
    world: World, times: int, written: bool
) -> None:
    row = _next(_processed(world))
    right = _catalogue(world)
    catalogue = DynamoCatalogue(_Conflicting(right.client, times), right.table)
    if written:
        assert world.do(lambda: catalogue.save(row, Kind.TABLE))
    else:
        with pytest.raises(UnavailableError):
            world.do(lambda: catalogue.save(row, Kind.TABLE))
    assert (world.only_version() == row) is written


def test_reads_are_as_of_now(tmp_path: Path) -> None:
    world = World(tmp_path)
    file_id = world.announce()["file_id"]
    catalogue = _catalogue(world)
    # An index, or a read that does not insist, would show it half a second late.
    assert world.do(lambda: catalogue.file(file_id)) is not None
