"""The deployed file service finishes every upload once, and what it gives up can be given back.

Proved on the emulator with the synthesized stack, functions under their own roles: what the API's
form lets in and what it refuses, that an upload fires its rule, that poison costs one attempt, that
an event that comes again changes nothing, and that a function that fails three times leaves the
event as it was in its own queue, from where `python -m ops redrive` finishes it. Not proved: AWS's
pauses between attempts, a form that has expired, and what a function does at its limits of memory
and time.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from PIL import Image

from embedded_aws.clients import Credentials
from embedded_aws.server import Server
from tests.embedded_aws.emulated import DEV, REGION
from tests.rehearsal.deployed_files import IMAGES, TABLES, Files
from tests.rehearsal.deployments import PAGE
from tests.support import aws, forms

ATTEMPTS = 3
TABLE = b"id,name\r\n007,Ada\r\n008,Grace\r\n"


def picture(form: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(file, form)
    return file.getvalue()


@pytest.fixture(scope="module")
def files(
    emulator: Server, administrators: Mapping[str, Credentials], outputs: Mapping[str, str]
) -> Files:
    return Files(emulator, emulator.session(administrators[DEV]), administrators[DEV], outputs)


@pytest.fixture(scope="module")
def witness(files: Files) -> Callable[[str], Any]:
    """The event about a key as EventBridge gave it out, once, from a rule of its own."""
    sqs, events = files.session.client("sqs"), files.session.client("events")
    url = sqs.create_queue(QueueName="witness")["QueueUrl"]
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [files.uploads]}}}
    events.put_rule(Name="witness", EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:{REGION}:{DEV}:witness"
    events.put_targets(Rule="witness", Targets=[{"Id": "queue", "Arn": arn}])

    def seen(key: str) -> Any:
        while True:
            answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)
            (message,) = answer["Messages"]
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            event = json.loads(message["Body"])
            if event["detail"]["object"]["key"] == key:
                return event

    return seen


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a photo of me.JPG", picture(), "image"),
        ("a+b c%20d 100%.png", picture("PNG"), "image"),
        ("Grüße, 数据 & 'more' (1).Csv", TABLE, "table"),
        ("rows.JSON", b'[{"id": "007"}, {"id": "008"}]', "table"),
    ],
    ids=["spaces", "plus and percent", "unicode", "shouted"],
)
def test_an_upload_through_the_form_is_processed(
    files: Files, name: str, content: bytes, kind: str
) -> None:
    file = files.ended(files.upload(name, content))
    assert (file["status"], file["kind"], file["filename"]) == ("processed", kind, name)
    (version,) = file["versions"]
    assert (version["attempts"], version["size"]) == (1, len(content))
    assert len(file["results"]) >= 2
    for result in file["results"]:
        answer = forms.get(files.server, result["url"])
        assert answer.status == 200
        assert hashlib.sha256(answer.body).hexdigest() == result["sha256"]


@pytest.mark.parametrize("key", ["by hand/a b+c%2B 100%.CSV", "ünïcode/数据.csv", "plus+only.csv"])
def test_what_is_put_into_the_bucket_by_hand_is_processed_under_its_own_key(
    files: Files, key: str
) -> None:
    files.session.client("s3").put_object(Bucket=files.uploads, Key=key, Body=TABLE)

    def listed() -> list[dict[str, Any]]:
        name = key.rpartition("/")[2]
        found = files.call("GET", "/files?kind=table&status=processed&limit=100").json()["files"]
        return [each for each in found if each["filename"] == name]

    files.until(lambda: len(listed()) == 1, key)
    (row,) = [each for each in files.rows(listed()[0]["file_id"]) if each["part"]["S"] == "file"]
    assert row["s3_key"]["S"] == key


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.jpg", b"<html><script>alert(1)</script></html>"),
        ("cut-off.jpg", picture()[:-2000]),
        ("ragged.csv", b"id,name\n" + b"1\n" * 2000),
        ("half.json", b'[{"id": 1}, {"id"'),
    ],
    ids=["page", "cut-off", "ragged", "half"],
)
def test_poison_is_rejected_at_the_first_attempt(files: Files, name: str, content: bytes) -> None:
    before = files.dead(IMAGES), files.dead(TABLES)
    file = files.ended(files.upload(name, content))
    assert file["status"] == "rejected"
    assert file["reason"]
    assert file["detail"]
    assert [version["attempts"] for version in file["versions"]] == [1]
    assert file["results"] == []
    assert (files.dead(IMAGES), files.dead(TABLES)) == before


def test_an_event_that_comes_again_changes_nothing(
    files: Files, witness: Callable[[str], Any]
) -> None:
    file_id = files.upload("once.csv", TABLE)
    files.ended(file_id)
    event = witness(f"uploads/{file_id}/once.csv")
    before = files.rows(file_id), files.results(file_id)
    for again in (event, {**event, "id": "another-event-about-the-same-version"}):
        answer = aws.invoke(files.session, f"tap-dev-{TABLES}", again)
        assert answer == {"outcome": "done"}
    assert (files.rows(file_id), files.results(file_id)) == before


def test_the_event_of_a_broken_deployment_is_kept_as_it_was_and_given_back(
    files: Files, witness: Callable[[str], Any]
) -> None:
    with files.without_catalogue(TABLES):
        file_id = files.upload("kept.csv", TABLE)
        files.until(lambda: files.dead(TABLES) == 1, "the dead letter")
        event = witness(f"uploads/{file_id}/kept.csv")
        assert files.letter(TABLES) == event
        assert files.look(file_id)["status"] == "announced"
        still_broken = files.redrive(TABLES, "--yes")
        assert still_broken.code == 1
        assert "failed" in still_broken.out
        assert "kept.csv" not in still_broken.out
        assert files.letter(TABLES) == event
    look = files.redrive(TABLES, "--dry-run")
    assert (look.code, files.dead(TABLES)) == (0, 1)
    assert event["id"] in look.out
    assert files.look(file_id)["status"] == "announced"
    ended = files.redrive(TABLES, "--yes")
    assert ended.code == 0, ended
    assert "1 redriven, 0 stayed" in ended.out
    assert files.look(file_id)["status"] == "processed"
    assert files.dead(TABLES) == 0


def test_a_version_that_failed_three_times_is_mended_by_the_redrive(files: Files) -> None:
    with files.without_permissions(IMAGES, "s3:PutObject"):
        file_id = files.upload("mended.jpg", picture())
        files.until(lambda: files.dead(IMAGES) == 1, "the dead letter")
        file = files.look(file_id)
        assert file["status"] == "failed"
        assert [version["attempts"] for version in file["versions"]] == [ATTEMPTS]
        assert file["results"] == []
    assert files.redrive(IMAGES, "--yes").code == 0
    file = files.look(file_id)
    assert file["status"] == "processed"
    assert [version["attempts"] for version in file["versions"]] == [ATTEMPTS + 1]
    assert files.dead(IMAGES) == 0


@pytest.mark.parametrize(
    ("content", "changed"),
    [
        (TABLE + b"009,Joan\r\n", {}),
        (TABLE[:-1], {}),
        (TABLE.replace(b"Ada", b"Bob"), {}),
        (TABLE, {"Content-Type": "text/html"}),
        (TABLE, {"key": "uploads/elsewhere/formed.csv"}),
        (TABLE, {"acl": "public-read"}),
        (TABLE, {"x-amz-checksum-sha256": base64.b64encode(bytes(32)).decode()}),
        (TABLE, {"x-amz-signature": "0" * 64}),
    ],
    ids=["larger", "smaller", "other", "type", "key", "acl", "checksum", "signature"],
)
def test_the_form_refuses_all_but_the_announced_file(
    files: Files, content: bytes, changed: dict[str, str]
) -> None:
    announced = files.announce("formed.csv", TABLE)
    form = announced["upload"]
    answer = forms.post(files.server, form["url"], {**form["fields"], **changed}, content)
    assert answer.status in (400, 403), answer
    assert files.stored(f"uploads/{announced['file_id']}/") == 0
    assert files.stored("uploads/elsewhere/") == 0


def test_a_page_may_upload_by_a_form_and_no_other_page_may(files: Files) -> None:
    url = files.announce("from-a-page.csv", TABLE)["upload"]["url"]
    asked = {"Access-Control-Request-Method": "POST"}
    allowed = forms.send(files.server, "OPTIONS", url, headers={"Origin": PAGE, **asked})
    assert allowed.status == 200
    assert ("access-control-allow-origin", PAGE) in {
        (name.lower(), value) for name, value in allowed.headers.items()
    }
    others = forms.send(
        files.server, "OPTIONS", url, headers={"Origin": "https://others.example", **asked}
    )
    assert others.status == 403


def test_each_processor_has_its_own_queue_and_a_share_of_concurrency(files: Files) -> None:
    lambda_ = files.session.client("lambda")
    shares = {
        name: lambda_.get_function_concurrency(FunctionName=f"tap-dev-{name}").get(
            "ReservedConcurrentExecutions"
        )
        for name in (IMAGES, TABLES)
    }
    assert all(shares.values()), shares
    assert files.queue(IMAGES) != files.queue(TABLES)
