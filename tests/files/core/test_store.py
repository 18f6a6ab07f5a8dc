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
from tests.files.core.account import FileAccount, id_in
from tests.support.cloud.account import Worker
from tests.support.cloud.faults import refusal


def _catalogue(account: FileAccount) -> DynamoCatalogue:
    return account.service.catalogue(Worker())


def _next(row: VersionRow) -> VersionRow:
    return replace(row, revision=row.revision + 1, attempt=row.attempt + 1)


def _processed(account: FileAccount) -> VersionRow:
    account.invoke(account.upload())
    return account.only_version()


def test_a_row_read_is_the_row_that_was_written(account: FileAccount) -> None:
    row = _processed(account)
    catalogue = _catalogue(account)
    assert account.do(lambda: catalogue.version(row.file_id, row.version_id)) == row
    following = _next(row)
    assert account.do(lambda: catalogue.save(following, Kind.TABLE))
    assert account.do(lambda: catalogue.version(row.file_id, row.version_id)) == following


def test_a_row_is_not_written_over_a_revision_that_nobody_saw(account: FileAccount) -> None:
    row = _processed(account)
    catalogue = _catalogue(account)
    one, other = _next(row), replace(_next(row), claimed_by="another")
    assert account.do(lambda: catalogue.save(one, Kind.TABLE))
    assert not account.do(lambda: catalogue.save(other, Kind.TABLE))
    assert account.only_version() == one


def test_a_write_whose_reply_was_lost_counts_when_it_is_repeated(account: FileAccount) -> None:
    row = _next(_processed(account))
    catalogue = _catalogue(account)
    assert account.do(lambda: catalogue.save(row, Kind.TABLE))
    assert account.do(lambda: catalogue.save(row, Kind.TABLE))


def test_a_file_that_is_gone_is_not_made_anew_by_half(account: FileAccount) -> None:
    event = account.upload()
    account.invoke(event)
    row = account.only_version()
    del account.cloud.table.items[f"{id_in(event)} file"]
    catalogue = _catalogue(account)
    with pytest.raises(UnavailableError):
        account.do(lambda: catalogue.save(_next(row), Kind.TABLE))
    assert account.only_version() == row


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
    account: FileAccount, times: int, written: bool
) -> None:
    row = _next(_processed(account))
    right = _catalogue(account)
    catalogue = DynamoCatalogue(_Conflicting(right.client, times), right.table)
    if written:
        assert account.do(lambda: catalogue.save(row, Kind.TABLE))
    else:
        with pytest.raises(UnavailableError):
            account.do(lambda: catalogue.save(row, Kind.TABLE))
    assert (account.only_version() == row) is written


def test_reads_are_as_of_now(tmp_path: Path) -> None:
    account = FileAccount(tmp_path)
    file_id = account.announce()["file_id"]
    catalogue = _catalogue(account)
    # An index, or a read that does not insist, would show it half a second late.
    assert account.do(lambda: catalogue.file(file_id)) is not None
