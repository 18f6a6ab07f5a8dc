"""Proves that data is read back through the signed APIs of the deployed application, and that a
thing which is answered in another way than before is named.

That a rehearsal asks before and after an update is shown in `tests/delivery`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from embedded_aws.clients import Credentials
from embedded_aws.installation import local_api_url
from embedded_aws.server import Server
from rehearsal import CHECKOUT, holdings
from rehearsal.apis import Caller
from rehearsal.holdings import TABLE
from rehearsal.reading import Reader, lookups
from tests.embedded_aws.emulated import DEV
from tests.rehearsal.deployed_files import Files
from tests.support import aws

PATIENCE = 30.0
CSV = b"id,name\r\n007,Ada\r\n"
LOOKUPS = tuple(lookups(CHECKOUT / "docs" / "openapi"))


@pytest.fixture(scope="module")
def files(
    emulator: Server, administrators: Mapping[str, Credentials], outputs: Mapping[str, str]
) -> Files:
    return Files(emulator, emulator.session(administrators[DEV]), administrators[DEV], outputs)


@pytest.fixture(scope="module")
def reader(files: Files) -> Reader:
    urls = {
        "files": local_api_url(files.outputs["ApiGatewayUrl"], files.server.endpoint),
        "requests": local_api_url(files.outputs["RequestsApiUrl"], files.server.endpoint),
    }
    return Reader("dev", Caller(files.server, files.keys), urls, LOOKUPS)


@pytest.fixture(scope="module")
def file(files: Files) -> str:
    """A processed file."""
    return str(files.ended(files.upload("people.csv", CSV))["file_id"])


@pytest.fixture(scope="module")
def request_id(files: Files, reader: Reader) -> str:
    """A completed request."""
    path = reader.urls["requests"].removeprefix(files.server.endpoint)
    answer = aws.call(files.server, path, method="POST", credentials=files.keys, body=b'{"a": 1}')
    found = str(answer.json()["request_id"])
    deadline = time.monotonic() + PATIENCE
    while not reader.find([key("request_id", found)]):
        assert time.monotonic() < deadline, f"{found} is not completed"
        time.sleep(0.1)
    return found


def key(name: str, value: str) -> str:
    return json.dumps({name: {"S": value}})


def stored(files: Files) -> list[str]:
    """The keys of all rows."""
    found = holdings.read(files.session).values()
    return [key for each in found if each.kind == TABLE for key in each.held or ()]


def test_the_descriptions_say_which_operation_looks_one_thing_up() -> None:
    assert [(each.service, each.of("1")) for each in LOOKUPS] == [
        ("files", "files/1"),
        ("requests", "requests/1"),
    ]


def test_a_file_with_its_results_and_a_request_are_read_back_as_they_were(
    files: Files, reader: Reader, file: str, request_id: str
) -> None:
    found = reader.find([key("file_id", file), key("request_id", request_id)])
    assert set(found) == {f"files files/{file}", f"requests requests/{request_id}"}
    assert found[f"requests requests/{request_id}"]["status"] == "completed"
    results = found[f"files files/{file}"]["results"]
    assert {each["url"] for each in results} == {f"leads to {each['sha256']}" for each in results}
    again = list(reader.again(found))
    assert [each.said for each in again] == ["", ""]
    assert again[0].text == f"dev: GET /files/{file} answers as before"
    assert reader.find(stored(files)), "what the stores list is what is asked for"


def test_what_is_gone_or_another_thing_than_before_is_named(
    files: Files, reader: Reader, file: str, request_id: str
) -> None:
    told: dict[str, Any] = reader.find([key("file_id", file), key("request_id", request_id)])
    files.session.client("dynamodb").update_item(
        TableName=files.outputs["RequestsTableName"],
        Key={"request_id": {"S": request_id}},
        UpdateExpression="SET s3_key = :other",
        ExpressionAttributeValues={":other": {"S": "requests/other.json"}},
    )
    first, _ = files.results(file)[0]
    results = files.outputs["FilesResultsBucketName"]
    files.session.client("s3").put_object(Bucket=results, Key=first, Body=b"other")
    said = {each.path: each.said for each in reader.again(told)}
    assert said[f"requests/{request_id}"] == "answers with another s3_key"
    gone = list(Reader("dev", reader.caller, {}, LOOKUPS).again(told))
    assert {each.said for each in gone} == {
        "cannot be asked: there is no API of files",
        "cannot be asked: there is no API of requests",
    }


def test_a_link_that_leads_to_this_machines_files_is_not_followed(reader: Reader) -> None:
    with pytest.raises(OSError, match="leads elsewhere"):
        reader.caller.follow("file:///etc/hostname")
