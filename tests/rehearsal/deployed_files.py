"""The deployed file service as its callers and whoever operates it see it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from embedded_aws.clients import Credentials, Session
from embedded_aws.installation import local_api_url
from embedded_aws.server import Server
from services.common.infrastructure.rollout import ALIAS
from tests.support import aws, forms
from tests.support.operators import Ended, redrive

PATIENCE = 60.0
IMAGES, TABLES = "image-processor", "data-transformer"
ENDED = ("processed", "rejected", "failed")


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
        """A bad version that nobody checked: it is told of a table that is not there."""
        lambda_ = self.session.client("lambda")
        name = f"tap-dev-{function}"
        right = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        wrong = {**right, "CATALOGUE_TABLE": "nowhere"}
        good = lambda_.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
        lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": wrong})
        bad = lambda_.publish_version(FunctionName=name)["Version"]
        lambda_.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=bad)
        try:
            yield
        finally:
            lambda_.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=good)
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
