"""Bytes come from and go to S3 in pieces, and as what they are.

Proved on buckets in memory that check sums and parts as S3 does.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from services.files.runtime.processing.event import EventError, Upload
from services.files.runtime.processing.objects import S3Objects
from services.files.runtime.processing.ports import Product
from services.files.runtime.rejection import RejectedError
from tests.files.core.account import FileAccount
from tests.support.cloud.account import Worker
from tests.support.file_service import RESULTS, UPLOADS

PART = 1000


def _objects(account: FileAccount) -> S3Objects:
    account.cloud.storage.smallest_part = PART
    return S3Objects(account.cloud.client("s3", Worker()), UPLOADS, RESULTS, part=PART)


def _product(folder: Path, body: bytes) -> Product:
    path = folder / "product"
    path.write_bytes(body)
    return Product("product.bin", path, "application/x-test")


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 2 * PART, 10 * PART + 7])
def test_a_result_of_any_size_is_stored_whole(
    account: FileAccount, tmp_path: Path, size: int
) -> None:
    body = os.urandom(size)
    objects = _objects(account)
    result = account.do(lambda: objects.store("results/x", _product(tmp_path, body)))
    assert account.cloud.storage.latest(RESULTS, "results/x") == body
    assert (result.size, result.sha256) == (size, hashlib.sha256(body).hexdigest())
    (version,) = account.cloud.storage.versions[RESULTS, "results/x"]
    assert version.content_type == "application/x-test"
    assert not account.cloud.storage.uploads


def test_small_results_take_one_call_and_large_ones_one_a_part(
    account: FileAccount, tmp_path: Path
) -> None:
    objects = _objects(account)
    account.do(lambda: objects.store("small", _product(tmp_path, b"x" * PART)))
    assert account.cloud.calls == {("processor", "put_object"): 1}
    account.do(lambda: objects.store("large", _product(tmp_path, b"x" * (3 * PART))))
    assert account.cloud.calls["processor", "upload_part"] == 3


def test_a_version_is_fetched_with_its_content_type(account: FileAccount, tmp_path: Path) -> None:
    event = account.upload(b"a" * 3_000_000, content_type="text/csv; charset=latin-1")
    told = event["detail"]["object"]
    upload = Upload("event", told["key"], told["version-id"], "0", told["size"])
    objects = _objects(account)
    content_type = account.do(lambda: objects.fetch(upload, tmp_path / "source"))
    assert content_type == "text/csv; charset=latin-1"
    assert (tmp_path / "source").read_bytes() == b"a" * 3_000_000


def test_an_older_version_is_not_mistaken_for_the_newest(
    account: FileAccount, tmp_path: Path
) -> None:
    told = account.upload(b"old")["detail"]["object"]
    account.upload(b"new!", key=told["key"])
    objects = _objects(account)
    upload = Upload("event", told["key"], told["version-id"], "0", 3)
    account.do(lambda: objects.fetch(upload, tmp_path / "source"))
    assert (tmp_path / "source").read_bytes() == b"old"


def test_more_bytes_than_the_event_told_are_not_written(
    account: FileAccount, tmp_path: Path
) -> None:
    told = account.upload(b"x" * 100)["detail"]["object"]
    objects = _objects(account)
    upload = Upload("event", told["key"], told["version-id"], "0", 99)
    with pytest.raises(EventError, match="size"):
        account.do(lambda: objects.fetch(upload, tmp_path / "source"))


def test_a_version_that_is_gone_is_the_files_own_end(account: FileAccount, tmp_path: Path) -> None:
    objects: Any = _objects(account)
    with pytest.raises(RejectedError, match="deleted"):
        account.do(lambda: objects.fetch(Upload("event", "k", "v", "0", 1), tmp_path / "source"))
