"""The file service's contract, checked as its callers see it.

Proves that an environment announces, takes, processes and gives back a photo and a table, that it
rejects what only looks like a photo, and that neither the API nor a form lets through whom and what
it should not. An upload's event, its function, both buckets and the catalogue stand between a form
and `processed`, so seeing it proves them. It does not prove what hostile files, repeated events and
load do.

The first line of each check's docstring is what the report calls it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

import pytest

from integ import photo
from integ.client import Answer, ApiClient
from integ.credentials import NOBODY, Signer
from integ.expectations import Expectations
from integ.files import FilesApi, objects
from integ.patience import Patience
from integ.samples import PHOTO, POISON, ROWS, SHORT_ROW, TABLE
from integ.settings import Settings

SERVICE = "files"
LONGEST_PAGE = 100


@pytest.fixture
def expect(settings: Settings) -> Expectations:
    return Expectations(settings, SERVICE, function="files-api")


@pytest.fixture
def api(connect: Callable[[str], ApiClient], expect: Expectations) -> FilesApi:
    return FilesApi(connect(SERVICE), expect)


def test_a_photo_becomes_derivatives_that_tell_nothing_about_it(
    api: FilesApi, smoke_role: Signer
) -> None:
    """A photo becomes smaller pictures, upright and without the place where it was taken."""
    file_id = api.upload(PHOTO, smoke_role)

    results = api.results(api.outcome(PHOTO, file_id, "processed", smoke_role))

    contents = {name: api.download(each, PHOTO, file_id) for name, each in results.items()}
    pictures = {name: each for name, each in contents.items() if name.endswith(".jpg")}
    document = _object(contents.get("metadata.json", b""))
    names = [f"{each.get('name')}.jpg" for each in objects(document.get("derivatives"))]
    if not pictures or sorted(names) != sorted(pictures):
        expected = "metadata.json, which lists the pictures beside it"
        api.unlike(expected, f"{sorted(results)}, of which it lists {names}", PHOTO, file_id)
    for name, content in pictures.items():
        if wrong := _wrong_with(content):
            api.unlike(f"{name} smaller, upright and bare", wrong, PHOTO, file_id)


def _wrong_with(derivative: bytes) -> str:
    """What is wrong with a derivative of the photo; empty if nothing is."""
    try:
        width, height = photo.shape(derivative)
        tells = photo.tells_about(derivative)
    except ValueError as error:
        return f"a file that {error}"
    if len(derivative) >= PHOTO.size or max(width, height) >= photo.WIDTH:
        return f"{len(derivative)} bytes, {width} x {height}; the photo has {PHOTO.size} bytes"
    if width >= height:
        return f"{width} x {height}, which lies on its side"
    return "metadata beside the pixels" if tells else ""


def test_a_table_becomes_rows_and_a_profile(api: FilesApi, smoke_role: Signer) -> None:
    """A table becomes JSON Lines, Parquet and a profile; a bad row is set aside."""
    file_id = api.upload(TABLE, smoke_role)

    results = api.results(api.outcome(TABLE, file_id, "processed", smoke_role))

    wanted = {"rows.jsonl", "table.parquet", "bad-rows.csv", "profile.json"}
    if set(results) != wanted:
        api.unlike(f"{sorted(wanted)}", f"{sorted(results)}", TABLE, file_id)
    contents = {name: api.download(each, TABLE, file_id) for name, each in results.items()}
    lines = contents["rows.jsonl"].decode(errors="replace")
    if [_object(line) for line in lines.splitlines()] != ROWS:
        api.unlike(f"rows {ROWS}", lines, TABLE, file_id)
    profile = _object(contents["profile.json"])
    if (profile.get("rows"), profile.get("rejected_rows")) != (len(ROWS), 1):
        api.unlike("3 rows and 1 rejected", f"{profile}", TABLE, file_id)
    bad = contents["bad-rows.csv"].decode(errors="replace")
    if not all(part in bad for part in SHORT_ROW):
        api.unlike(f"line {SHORT_ROW[0]}: {SHORT_ROW[1]}", bad, TABLE, file_id)
    if contents["table.parquet"][:4] != b"PAR1":
        api.unlike("Parquet", f"{contents['table.parquet'][:20]!r}", TABLE, file_id)


def _object(text: str | bytes) -> Mapping[str, object]:
    """A JSON object; empty for anything else."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def test_a_page_that_is_called_a_photo_is_rejected(
    api: FilesApi, expect: Expectations, smoke_role: Signer
) -> None:
    """HTML named .jpg ends rejected, with its reason and without results."""
    file_id = api.upload(POISON, smoke_role)

    answer = api.outcome(POISON, file_id, "rejected", smoke_role)

    expect.same("reason", "not-jpeg-or-png", answer.json.get("reason"), answer)
    if api.results(answer):
        api.unlike("no results", answer.described, POISON, file_id)


def test_a_form_refuses_a_larger_file(
    api: FilesApi, expect: Expectations, smoke_role: Signer
) -> None:
    """A form does not take a file that is larger than announced."""
    form = api.announced(api.announce(TABLE.announcement(), smoke_role))

    answer = api.client.upload(form.url, form.fields, TABLE.content + b"x")

    expect.status(answer, 400, "S3 refuses a file that is larger than its form allows")
    nothing_came(api, expect, form.file_id, smoke_role)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Content-Type": "text/html"}, id="content type"),
        pytest.param({"key": "uploads/elsewhere.csv"}, id="key"),
    ],
)
def test_a_form_refuses_what_it_was_not_made_for(
    api: FilesApi, expect: Expectations, smoke_role: Signer, change: Mapping[str, str]
) -> None:
    """A form does not take a file with another value of a field."""
    form = api.announced(api.announce(TABLE.announcement(), smoke_role))

    answer = api.client.upload(form.url, {**form.fields, **change}, TABLE.content)

    expect.status(answer, 403, "S3 refuses a form whose fields were changed")
    nothing_came(api, expect, form.file_id, smoke_role)


def nothing_came(api: FilesApi, expect: Expectations, file_id: str, signer: Signer) -> None:
    answer = api.fetch(file_id, signer)
    expect.status(answer, 200, "the state of an announced file")
    expect.same("status", "announced", answer.json.get("status"), answer)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"filename": "folder/table.csv"}, 400, id="a folder in its name"),
        pytest.param({"filename": "bell\a.csv"}, 400, id="a control character in its name"),
        pytest.param({"size": 0}, 400, id="no bytes"),
        pytest.param({"size": 10**12}, 413, id="a terabyte"),
        pytest.param({"filename": "program.exe"}, 422, id="a suffix that is not processed"),
        pytest.param({"content_type": "text/html"}, 422, id="a content type of something else"),
    ],
)
def test_a_bad_announcement_is_refused(
    api: FilesApi,
    expect: Expectations,
    smoke_role: Signer,
    change: Mapping[str, object],
    status: int,
) -> None:
    """A file that cannot be taken is refused before it is uploaded."""
    answer = api.announce(TABLE.announcement(**change), smoke_role)

    expect.problem(answer, status, "such a file is not taken")


def test_a_key_belongs_to_one_announcement(
    api: FilesApi, expect: Expectations, smoke_role: Signer
) -> None:
    """The same announcement with the same Idempotency-Key is one file, another a conflict."""
    key = str(uuid4())
    first = api.announced(api.announce(TABLE.announcement(), smoke_role, key))

    replay = api.announce(TABLE.announcement(), smoke_role, key)
    other = api.announce(PHOTO.announcement(), smoke_role, key)

    expect.same("the first answer's file_id", first.file_id, api.announced(replay).file_id, replay)
    expect.problem(other, 409, "the key belongs to another announcement")


def test_new_files_are_listed_first(
    api: FilesApi, expect: Expectations, smoke_role: Signer
) -> None:
    """The list shows a new file before all that are older."""
    ids = [
        api.announced(api.announce(each.announcement(), smoke_role)).file_id
        for each in (TABLE, PHOTO)
    ]

    answer, files = listed(api, expect, ids, smoke_role)

    places = [[each.get("file_id") for each in files].index(file_id) for file_id in ids]
    moments = [str(each.get("announced_at")) for each in files]
    if places[0] < places[1] or moments != sorted(moments, reverse=True):
        expected = f"the newest file first, so {ids[1]} before {ids[0]}"
        expect.fail(expected, answer.described, expect.function_log(answer))


def listed(
    api: FilesApi, expect: Expectations, ids: Sequence[str], signer: Signer
) -> tuple[Answer, Sequence[Mapping[str, object]]]:
    """Looks until files are in the list, whose index follows the catalogue; answer and entries."""
    patience = Patience(expect.settings.completion_seconds)
    while True:
        answer = api.list(signer, limit=LONGEST_PAGE)
        expect.status(answer, 200, "a page of files")
        entries = objects(answer.json.get("files"))
        if {*ids} <= {each.get("file_id") for each in entries}:
            return answer, entries
        if patience.over:
            expected = f"{' and '.join(ids)} in the list within {patience.seconds:g} s"
            expect.fail(expected, answer.described, expect.function_log(answer))
        patience.pause()


def test_the_service_is_healthy_and_of_this_commit(
    api: FilesApi, expect: Expectations, settings: Settings, smoke_role: Signer
) -> None:
    """Everything that the service depends on answers, and what is deployed is this commit."""
    answer = api.status(smoke_role)

    expect.status(answer, 200, "the service's status")
    expect.same("status", "ok", answer.json.get("status"), answer)
    expect.same("environment", settings.environment, answer.json.get("environment"), answer)
    expect.same("commit", settings.commit, answer.json.get("commit"), answer)


def test_an_unknown_file_is_not_found(
    api: FilesApi, expect: Expectations, smoke_role: Signer
) -> None:
    """The state of a file that was never announced is a 404."""
    expect.problem(api.fetch(str(uuid4()), smoke_role), 404, "no such file")


def test_an_unsigned_call_about_files_is_refused(api: FilesApi, expect: Expectations) -> None:
    """Calls without a signature are refused with 403."""
    for answer in every_route(api, NOBODY):
        expect.status(answer, 403, "nobody may call unsigned")


def test_a_principal_without_permission_on_files_is_refused(
    api: FilesApi, expect: Expectations, build_role: Signer
) -> None:
    """Calls signed by a role without permission are refused with 403."""
    for answer in every_route(api, build_role):
        expect.status(answer, 403, "this role may not call")


def every_route(api: FilesApi, signer: Signer) -> list[Answer]:
    return [
        api.announce(TABLE.announcement(), signer),
        api.list(signer),
        api.fetch(str(uuid4()), signer),
        api.status(signer),
    ]
