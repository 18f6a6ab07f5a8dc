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
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from embedded_aws.clients import Credentials, Session
from embedded_aws.installation import local_api_url
from embedded_aws.server import Server
from tests.embedded_aws.emulated import DEV, REGION
from tests.support import aws, forms
from tests.support.operators import Ended, redrive

PATIENCE = 60.0
ATTEMPTS = 3
TABLE = b"id,name\r\n007,Ada\r\n008,Grace\r\n"
IMAGES, TABLES = "image-processor", "data-transformer"
ENDED = ("processed", "rejected", "failed")


def picture(form: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(file, form)
    return file.getvalue()


def announcement(name: str, content: bytes, content_type: str) -> dict[str, object]:
    """As callers make it."""
    digest = hashlib.sha256(content).hexdigest()
    return {
        "filename": name,
        "content_type": content_type,
        "size": len(content),
        "sha256": digest,
    }


def type_of(name: str) -> str:
    suffix = name.rpartition(".")[2].lower()
    return {"csv": "text/csv", "json": "application/json", "png": "image/png"}.get(
        suffix, "image/jpeg"
    )


@dataclass(frozen=True)
class Files:
    """The deployed service in dev, a caller of its API, and an administrator of the account."""

    server: Server
    session: Session
    keys: Credentials
    outputs: Mapping[str, str]

    @property
    def uploads(self) -> str:
        return self.outputs["S3BucketName"]

    def call(self, method: str, path: str, body: object = None) -> aws.Answer:
        """A signed call of the API."""
        base = urlsplit(local_api_url(self.outputs["ApiGatewayUrl"], self.server.endpoint)).path
        content = b"" if body is None else json.dumps(body).encode()
        at = base.rstrip("/") + path
        return aws.call(self.server, at, method=method, credentials=self.keys, body=content)

    def announce(self, name: str, content: bytes) -> dict[str, Any]:
        answer = self.call("POST", "/files", announcement(name, content, type_of(name)))
        assert answer.status == 201, answer.body
        document: dict[str, Any] = answer.json()
        return document

    def upload(self, name: str, content: bytes) -> str:
        """Through the API's form, as a browser does; the file's id."""
        announced = self.announce(name, content)
        form = announced["upload"]
        answer = forms.post(self.server, form["url"], form["fields"], content)
        assert answer.status == 204, answer.body
        return str(announced["file_id"])

    def look(self, file_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/files/{file_id}")
        assert answer.status == 200, answer.body
        document: dict[str, Any] = answer.json()
        return document

    def ended(self, file_id: str) -> dict[str, Any]:
        """The file, once it has an outcome."""
        self.until(lambda: self.look(file_id)["status"] in ENDED, file_id)
        return self.look(file_id)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:g} s"
            time.sleep(0.1)

    def rows(self, file_id: str) -> list[dict[str, Any]]:
        """All of the catalogue about a file, its versions' results included."""
        answer = self.session.client("dynamodb").query(
            TableName=self.outputs["FilesTableName"],
            KeyConditionExpression="file_id = :id",
            ExpressionAttributeValues={":id": {"S": file_id}},
            ConsistentRead=True,
        )
        return list(answer["Items"])

    def results(self, file_id: str) -> list[tuple[str, str]]:
        """(key, version) of every object that was ever made of the file."""
        found = self.session.client("s3").list_object_versions(
            Bucket=self.outputs["FilesResultsBucketName"], Prefix=f"results/{file_id}/"
        )
        return [(each["Key"], each["VersionId"]) for each in found.get("Versions", [])]

    def stored(self, prefix: str) -> int:
        """How many versions of objects lie in the uploads' bucket below a key."""
        found = self.session.client("s3").list_object_versions(Bucket=self.uploads, Prefix=prefix)
        return len(found.get("Versions", []))

    def dead(self, function: str) -> int:
        """How many messages lie in a function's own dead-letter queue."""
        sqs = self.session.client("sqs")
        name = "ApproximateNumberOfMessages"
        answer = sqs.get_queue_attributes(QueueUrl=self.queue(function), AttributeNames=[name])
        return int(answer["Attributes"][name])

    def queue(self, function: str) -> str:
        configuration = self.session.client("lambda").get_function_configuration(
            FunctionName=f"tap-dev-{function}"
        )
        name = configuration["DeadLetterConfig"]["TargetArn"].rpartition(":")[2]
        answer = self.session.client("sqs").get_queue_url(QueueName=name)
        return str(answer["QueueUrl"])

    def letter(self, function: str) -> Any:
        """The event in the queue, left where it is."""
        answer = self.session.client("sqs").receive_message(
            QueueUrl=self.queue(function), VisibilityTimeout=0, WaitTimeSeconds=5
        )
        (message,) = answer["Messages"]
        return json.loads(message["Body"])

    def redrive(self, function: str, *options: str) -> Ended:
        return redrive(self.server, self.keys, "dev", function, *options)

    @contextmanager
    def without_catalogue(self, function: str) -> Iterator[None]:
        """A bad deployment: the function is told of a table that is not there."""
        lambda_ = self.session.client("lambda")
        name = f"tap-dev-{function}"
        right = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        wrong = {**right, "CATALOGUE_TABLE": "nowhere"}
        lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": wrong})
        try:
            yield
        finally:
            lambda_.update_function_configuration(
                FunctionName=name, Environment={"Variables": right}
            )

    @contextmanager
    def without_permissions(self, function: str, action: str) -> Iterator[None]:
        """Its role may not do one thing any more."""
        iam, name = self.session.client("iam"), self._role(function)
        (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        right = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        left = [each for each in right["Statement"] if action not in each["Action"]]
        assert len(left) < len(right["Statement"])
        self._put(name, policy, {**right, "Statement": left})
        try:
            yield
        finally:
            self._put(name, policy, right)

    def _put(self, role: str, policy: str, document: Mapping[str, Any]) -> None:
        self.session.client("iam").put_role_policy(
            RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document)
        )

    def _role(self, function: str) -> str:
        configuration = self.session.client("lambda").get_function_configuration(
            FunctionName=f"tap-dev-{function}"
        )
        return str(configuration["Role"].rpartition("/")[2])


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
        ("nothing.csv", b"\0" * 100),
        ("half.json", b'[{"id": 1}, {"id"'),
    ],
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
        still_broken = files.redrive(TABLES, "--execute")
        assert still_broken.code == 1
        assert "failed" in still_broken.out
        assert "kept.csv" not in still_broken.out
        assert files.letter(TABLES) == event
    look = files.redrive(TABLES)
    assert (look.code, files.dead(TABLES)) == (0, 1)
    assert event["id"] in look.out
    assert files.look(file_id)["status"] == "announced"
    ended = files.redrive(TABLES, "--execute")
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
    assert files.redrive(IMAGES, "--execute").code == 0
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
