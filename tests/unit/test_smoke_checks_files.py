"""The smoke suite tells a good file service from a broken one.

Proves, against a fake API, S3 and STS on this machine, that a good service passes, that each way of
being broken fails exactly the checks that should notice, and that no report lets anybody upload or
download. Does not prove that signatures are right and that events come: the rehearsal does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integ import photo
from tests.support.fake_files_api import SIGNATURE, TOKEN, FakeFilesApi
from tests.support.fake_service import serving
from tests.support.smoke_runs import Checkout

PHOTO = "test_a_photo_becomes_derivatives_that_tell_nothing_about_it"
TABLE = "test_a_table_becomes_rows_and_a_profile"
POISON = "test_a_page_that_is_called_a_photo_is_rejected"
LARGER = "test_a_form_refuses_a_larger_file"
OTHER_FIELD = "test_a_form_refuses_what_it_was_not_made_for"
ANNOUNCEMENT = "test_a_bad_announcement_is_refused"
KEY = "test_a_key_belongs_to_one_announcement"
LISTED = "test_new_files_are_listed_first"
HEALTHY = "test_the_service_is_healthy_and_of_this_commit"
UNKNOWN = "test_an_unknown_file_is_not_found"
UNSIGNED = "test_an_unsigned_call_about_files_is_refused"
STRANGER = "test_a_principal_without_permission_on_files_is_refused"
EVERY_CHECK = {
    *(PHOTO, TABLE, POISON, LARGER, OTHER_FIELD, ANNOUNCEMENT, KEY, LISTED, HEALTHY, UNKNOWN),
    *(UNSIGNED, STRANGER),
}
PROBLEMS = {ANNOUNCEMENT, KEY, UNKNOWN}
NEEDS_A_FORM = {PHOTO, TABLE, POISON, LARGER, OTHER_FIELD, KEY, LISTED}


@pytest.fixture
def api() -> Iterator[FakeFilesApi]:
    with serving(FakeFilesApi()) as api:
        yield api


@pytest.fixture
def checkout(tmp_path: Path, api: FakeFilesApi) -> Checkout:
    return Checkout(tmp_path / "checkout", "files").against(api.url)


def test_a_good_service_passes_every_check(checkout: Checkout) -> None:
    run = checkout.run()

    assert run.exit_code == 0, run.output
    assert run.results == dict.fromkeys(EVERY_CHECK, "passed")


@pytest.mark.parametrize(
    ("fault", "noticed_by", "told"),
    [
        ({"final_status": "failed"}, {PHOTO, TABLE, POISON}, "tap-dev-image-processor"),
        ({"looks_until_final": 99}, {PHOTO, TABLE, POISON}, "status 'processed' within 1 s"),
        ({"reason": "truncated"}, {POISON}, "Expected: reason not-jpeg-or-png"),
        ({"keeps_results_of_poison": True}, {POISON}, "Expected: no results"),
        ({"link_is_stale": True}, {PHOTO, TABLE}, "12 bytes and digest"),
        ({"disposition": "inline"}, {PHOTO, TABLE}, "Content-Disposition: attachment"),
        ({"takes_any_size": True}, {LARGER}, "larger than its form allows"),
        ({"takes_any_field": True}, {OTHER_FIELD}, "whose fields were changed"),
        ({"takes_any_announcement": True}, {ANNOUNCEMENT}, "such a file is not taken"),
        ({"forgets_keys": True}, {KEY}, "the first answer's file_id"),
        ({"takes_any_body_for_a_key": True}, {KEY}, "the key belongs to another"),
        ({"lists_oldest_first": True}, {LISTED}, "the newest file first"),
        ({"lists_nothing": True}, {LISTED}, "in the list within 1 s"),
        ({"health": "degraded"}, {HEALTHY}, "Expected: status ok"),
        ({"commit": "0000000"}, {HEALTHY}, "Expected: commit 4f2c1d9"),
        ({"finds_unknown_files": True}, {UNKNOWN}, "Expected: 404"),
        ({"answers_without_form": True}, NEEDS_A_FORM, "upload with method POST"),
        ({"open_to_all": True}, {UNSIGNED, STRANGER}, "authorization type AWS_IAM"),
        ({"open_to_any_signature": True}, {STRANGER}, "the build's own role"),
        ({"problem_detail": "KeyError in store.py"}, PROBLEMS, "without internals, not"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_fault_fails_the_checks_that_should_notice_it(
    checkout: Checkout, api: FakeFilesApi, fault: dict[str, object], noticed_by: set[str], told: str
) -> None:
    for name, value in fault.items():
        setattr(api, name, value)

    run = checkout.run()

    assert run.exit_code == 1
    assert run.failed == noticed_by
    assert told in run.output


def instead(name: str, content: bytes | None) -> Callable[[str, bytes], bytes | None]:
    """Makes the result of that name another one; None leaves it out."""
    return lambda made, usual: content if made == name else usual


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (instead("small.jpg", photo.photo()), "2400 x 1600"),
        (instead("small.jpg", photo.photo(width=800, height=400, about=False)), "on its side"),
        (instead("small.jpg", photo.photo(width=400, height=800)), "metadata beside the pixels"),
        (instead("small.jpg", b"GIF89a"), "not like a JPEG"),
        (instead("small.jpg", photo.photo(width=8, height=8, about=False)[:20]), "has no frame"),
        (instead("small.jpg", None), "of which it lists ['small.jpg', 'large.jpg']"),
        (instead("metadata.json", b"[]"), "of which it lists []"),
        (lambda *_: None, "Got: [], of which it lists []"),
    ],
)
def test_a_derivative_that_is_not_right_is_noticed(
    checkout: Checkout, api: FakeFilesApi, result: Callable[[str, bytes], bytes | None], told: str
) -> None:
    api.result = result

    run = checkout.run("-k", PHOTO)

    assert run.failed == {PHOTO}
    assert told in run.output


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (instead("rows.jsonl", b'{"code": "007"}\n'), "Expected: rows [{'code': '007'"),
        (instead("rows.jsonl", b""), "Expected: rows"),
        (instead("profile.json", b'{"rows": 4, "rejected_rows": 0}'), "3 rows and 1 rejected"),
        (instead("bad-rows.csv", b'"line"\r\n"4"\r\n'), "line 5: 2 fields instead of 4"),
        (instead("table.parquet", b""), "Expected: Parquet"),
        (instead("table.parquet", None), "Expected: ['bad-rows.csv', 'profile.json'"),
    ],
)
def test_a_table_that_is_not_right_is_noticed(
    checkout: Checkout, api: FakeFilesApi, result: Callable[[str, bytes], bytes | None], told: str
) -> None:
    api.result = result

    run = checkout.run("-k", TABLE)

    assert run.failed == {TABLE}
    assert told in run.output


def test_no_report_lets_anybody_upload_or_download(checkout: Checkout, api: FakeFilesApi) -> None:
    api.final_status = "failed"
    api.takes_any_size = api.takes_any_field = True
    api.lists_oldest_first = True

    run = checkout.run()

    assert "s3/results" in run.text or "s3/uploads" in run.text
    for text in (run.page, run.junit, run.output):
        for secret in (SIGNATURE, TOKEN):
            assert secret not in text
