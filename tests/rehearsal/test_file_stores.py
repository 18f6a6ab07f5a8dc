"""The file service's stores against the emulator: forms, links, transactions, indexes, parts.

Proved with the clients as they ship, on tables and buckets made here: that S3 as the emulator plays
it holds a form to its policy, and that DynamoDB understands every expression. Not proved: that S3
compares a form's checksum with the bytes (the emulator does not), and the deployed service, its
roles and its events.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from embedded_aws.clients import Credentials
from embedded_aws.server import Server
from services.common.packaging.aws_models import REPOSITORY
from services.common.runtime.aws import client_factory
from services.files.runtime.api.announcement import Announcement
from services.files.runtime.api.announcing import Announced, Announcing, Submission
from services.files.runtime.api.links import CLIENT_CONFIG, S3Links
from services.files.runtime.api.listing import Lister, Wish
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import Status
from services.files.runtime.catalogue.store import DynamoCatalogue
from services.files.runtime.processing.event import Upload, parse
from services.files.runtime.processing.objects import S3Objects
from services.files.runtime.processing.ports import Product
from services.files.runtime.processing.processor import AttemptError, Outcome, Processor
from tests.embedded_aws.emulated import DEV
from tests.support.file_service import Workshop, created

BODY = b"id,name\n1,x\n"
NAME = 'a b+50%"ü漢😀.csv'


@dataclass(frozen=True)
class Files:
    """The service's parts in one account of the emulator, without functions."""

    account: Any
    bundle: str
    uploads: str
    results: str
    table: str

    @property
    def catalogue(self) -> DynamoCatalogue:
        return DynamoCatalogue(_client("images", "dynamodb"), self.table)

    @property
    def shelf(self) -> DynamoCatalogue:
        return DynamoCatalogue(_client("api", "dynamodb"), self.table)

    @property
    def links(self) -> S3Links:
        return S3Links(_client("api", "s3"), self.uploads, self.results)

    def announce(self, key: str | None = None, **changes: Any) -> Announced:
        members = {
            "filename": NAME,
            "kind": Kind.TABLE,
            "content_type": "text/csv",
            "size": len(BODY),
            "sha256": None,
        }
        announcement = Announcement(**{**members, **changes})
        submission = Submission(announcement, b"{}", "AROA", str(uuid4()), key)
        return Announcing(self.shelf, self.links).announce(submission)

    def send(self, form: Any, body: bytes = BODY, **changes: str | None) -> requests.Response:
        """The form, with its fields changed, or left out for None."""
        fields = {name: value for name, value in {**form.fields, **changes}.items() if value}
        files = {"file": ("whatever.bin", body)}
        return requests.post(form.url, data=fields, files=files, verify=self.bundle, timeout=10)

    def event(self, key: str, order: int = 1) -> dict[str, Any]:
        """Of the newest version under a key."""
        head = self.account.client("s3").head_object(Bucket=self.uploads, Key=key)
        event = created(key, head["VersionId"], f"{order:X}", head["ContentLength"])
        event["detail"]["bucket"]["name"] = self.uploads
        return event

    def process(self, event: dict[str, Any], scratch: Path) -> Outcome:
        processor = Processor(
            kind=Kind.TABLE,
            transform=Workshop().transform,
            catalogue=self.catalogue,
            objects=S3Objects(_client("images", "s3"), self.uploads, self.results),
            max_bytes=1000,
            max_attempts=3,
            scratch=scratch / "scratch",
        )
        lease_until = datetime.now(UTC) + timedelta(minutes=1)
        return processor.process(parse(event, self.uploads), lease_until)


def _client(function: str, service: str) -> Any:
    models = REPOSITORY / "services/files/runtime" / function / "aws_models"
    return client_factory(models, CLIENT_CONFIG)(service)


@pytest.fixture(scope="module")
def files(emulator: Server, administrators: Mapping[str, Credentials]) -> Iterator[Files]:
    credentials = administrators[DEV]
    session = emulator.session(credentials)
    suffix = uuid4().hex[:8]
    made = Files(
        session,
        str(emulator.ca_bundle),
        f"uploads-{suffix}",
        f"results-{suffix}",
        f"catalogue-{suffix}",
    )
    _create_stores(session, made)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment(credentials).items():
            patch.setenv(name, value)
        yield made


def _create_stores(session: Any, files: Files) -> None:
    s3 = session.client("s3")
    for bucket in (files.uploads, files.results):
        location = {"LocationConstraint": "us-west-2"}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
        versioning = {"Status": "Enabled"}
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=versioning)
    names = ("file_id", "part", "by_kind", "by_status", "listed_at")
    session.client("dynamodb").create_table(
        TableName=files.table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_keys("file_id", "part"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": _keys(partition, "listed_at"),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, partition in (("newest", "by_kind"), ("status", "by_status"))
        ],
    )


def _keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def test_a_form_takes_the_announced_file(files: Files) -> None:
    answer = files.announce()
    response = files.send(answer.form)
    assert response.status_code == 204, response.text
    stored = files.account.client("s3").get_object(Bucket=files.uploads, Key=answer.file.s3_key)
    assert stored["Body"].read() == BODY
    assert stored["ContentType"] == "text/csv"
    assert answer.file.s3_key.endswith(f"/{NAME}")


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (BODY[:-1], {}),
        (BODY + b"x", {}),
        (b"", {}),
        (BODY, {"key": "uploads/another.csv"}),
        (BODY, {"Content-Type": "text/html"}),
        (BODY, {"x-amz-meta-mine": "1"}),
        (BODY, {"acl": "public-read"}),
        (BODY, {"success_action_redirect": "https://example.org"}),
        (BODY, {"policy": None}),
        (BODY, {"x-amz-signature": "0" * 64}),
    ],
    ids=str,
)
def test_a_form_takes_nothing_else(
    files: Files, body: bytes, changes: dict[str, str | None]
) -> None:
    answer = files.announce()
    response = files.send(answer.form, body, **changes)
    assert response.status_code in (400, 403), response.text
    listed = files.account.client("s3").list_objects_v2(
        Bucket=files.uploads, Prefix=f"uploads/{answer.file.file_id}"
    )
    assert listed["KeyCount"] == 0


def test_a_form_with_a_checksum_is_taken_with_that_one_only(files: Files) -> None:
    form = files.announce(sha256=hashlib.sha256(BODY).hexdigest()).form
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert files.send(form, **{"x-amz-checksum-sha256": other}).status_code == 403
    assert files.send(form).status_code == 204


def test_an_upload_is_processed_listed_and_downloaded(files: Files, tmp_path: Path) -> None:
    answer = files.announce()
    files.send(answer.form)
    event = files.event(answer.file.s3_key)
    assert files.process(event, tmp_path) is Outcome.PROCESSED
    assert files.process(event | {"id": "another"}, tmp_path) is Outcome.DONE
    (version,) = files.shelf.versions(answer.file.file_id)
    link = files.links.download(version.results[0], "ü.copy.txt")
    download = requests.get(link.url, verify=files.bundle, timeout=10)
    assert (download.status_code, download.content) == (200, BODY)
    assert download.headers["Content-Disposition"].startswith("attachment; ")
    for status in (None, Status.PROCESSED):
        listing = Lister(files.shelf).list(Wish(Kind.TABLE, status, None, 1))
        assert [file.file_id for file in listing.files] == [answer.file.file_id]


def test_pages_follow_each_other(files: Files) -> None:
    made = [files.announce().file.file_id for _ in range(5)]
    lister, before, seen = Lister(files.shelf), None, []
    while len(seen) < 5:
        listing = lister.list(Wish(None, Status.ANNOUNCED, before, 2))
        seen += [file.file_id for file in listing.files]
        before = listing.next
    assert seen[:5] == made[::-1]


def test_a_late_version_is_processed_and_does_not_become_the_newest(
    files: Files, tmp_path: Path
) -> None:
    answer = files.announce()
    files.send(answer.form)
    old = files.event(answer.file.s3_key, 0xF)
    files.send(answer.form)
    new = files.event(answer.file.s3_key, 0x10)
    assert files.process(new, tmp_path) is Outcome.PROCESSED
    assert files.process(old, tmp_path) is Outcome.PROCESSED
    file = files.shelf.file(answer.file.file_id)
    assert file is not None
    assert file.version_id == new["detail"]["object"]["version-id"]
    assert file.expires_at is None


def test_errors_retries_and_redrives_move_the_row_as_in_the_fakes(
    files: Files, tmp_path: Path
) -> None:
    body = b"mistake!!!!\n"
    answer = files.announce()
    files.send(answer.form, body)
    event = files.event(answer.file.s3_key)
    for _ in range(3):
        with pytest.raises(AttemptError):
            files.process(event, tmp_path)
    (row,) = files.shelf.versions(answer.file.file_id)
    assert (row.standing.status, row.attempt, row.revision) == (Status.FAILED, 3, 6)


def test_a_key_used_again_keeps_the_announced_file(files: Files) -> None:
    first, again = files.announce("mine"), files.announce("mine")
    assert again.replayed
    assert again.file.file_id == first.file.file_id


def test_a_version_that_was_deleted_is_rejected(files: Files, tmp_path: Path) -> None:
    answer = files.announce()
    files.send(answer.form)
    event = files.event(answer.file.s3_key)
    upload: Upload = parse(event, files.uploads)
    files.account.client("s3").delete_object(
        Bucket=files.uploads, Key=upload.key, VersionId=upload.version_id
    )
    assert files.process(event, tmp_path) is Outcome.REJECTED


def test_a_large_result_is_uploaded_in_parts(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(12 * 1024 * 1024 + 1))
    objects = S3Objects(_client("tables", "s3"), files.uploads, files.results, part=5 * 1024 * 1024)
    result = objects.store("results/large", Product("large.bin", path, "text/plain"))
    stored = files.account.client("s3").get_object(Bucket=files.results, Key="results/large")
    assert stored["Body"].read() == path.read_bytes()
    assert (result.size, stored["ContentType"]) == (path.stat().st_size, "text/plain")
