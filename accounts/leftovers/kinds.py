"""The kinds of things that outlive our stacks: how each is found, and how it is removed.

Ours is what begins with one of our prefixes, `tap-pipeline-` in tools and `tap-<environment>-` in
an environment, and what a bootstrap makes. API Gateway names log groups by an API's id: of those,
ours are known by their tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from accounts.recovery.stores import KINDS as STORES
from accounts.recovery.stores import Clients

BOOTSTRAP: Final = "cdk-hnb659fds-"
_KEY_DESCRIPTION: Final = "Encrypts the artifacts of tap-pipeline"
_DAYS: Final = 7  # the shortest wait that KMS allows ("ScheduleKeyDeletion", KMS API reference)


@dataclass(frozen=True)
class Ours:
    """prefix: of our names in this account. repository: the tag of what we deploy."""

    prefix: str
    repository: str

    def named(self, name: str) -> bool:
        """Is it a name of ours?"""
        return name.startswith((self.prefix, BOOTSTRAP))


@dataclass(frozen=True)
class Kind:
    """find: the names of what is there. remove: for good; None for what only a person may."""

    title: str
    find: Callable[[Clients, Ours], Iterator[str]]
    remove: Callable[[Clients, str], object] | None


def _stacks(clients: Clients, ours: Ours) -> Iterator[str]:
    for page in clients("cloudformation").get_paginator("describe_stacks").paginate():
        for each in page["Stacks"]:
            if f"{each['StackName']}-".startswith(ours.prefix) or each["StackName"] == "CDKToolkit":
                yield each["StackName"]


def _tables(clients: Clients, ours: Ours) -> Iterator[str]:
    for page in clients("dynamodb").get_paginator("list_tables").paginate():
        yield from filter(ours.named, page["TableNames"])


def _buckets(clients: Clients, ours: Ours) -> Iterator[str]:
    for each in clients("s3").list_buckets()["Buckets"]:
        if ours.named(each["Name"]):
            yield each["Name"]


def _remove_bucket(clients: Clients, name: str) -> None:
    s3 = clients("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for each in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket=name)


def _queues(clients: Clients, ours: Ours) -> Iterator[str]:
    yield from clients("sqs").list_queues(QueueNamePrefix=ours.prefix).get("QueueUrls", ())


def _log_groups(clients: Clients, ours: Ours) -> Iterator[str]:
    logs = clients("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for name in (each["logGroupName"] for each in page["logGroups"]):
            if ours.named(name.rpartition("/")[2]) or _is_tagged(logs, name, ours):
                yield name


def _is_tagged(logs: Any, name: str, ours: Ours) -> bool:
    if not name.startswith("API-Gateway-Execution-Logs_"):
        return False
    tags = logs.list_tags_log_group(logGroupName=name)["tags"]
    return bool(tags.get("Repository") == ours.repository)


def _keys(clients: Clients, ours: Ours) -> Iterator[str]:
    del ours
    kms = clients("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for each in page["Keys"]:
            about = kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]
            if about.get("Description") == _KEY_DESCRIPTION and about["KeyState"] == "Enabled":
                yield each["KeyId"]


def _roles(clients: Clients, ours: Ours) -> Iterator[str]:
    for page in clients("iam").get_paginator("list_roles").paginate():
        yield from filter(ours.named, (each["RoleName"] for each in page["Roles"]))


def _repositories(clients: Clients, ours: Ours) -> Iterator[str]:
    for page in clients("ecr").get_paginator("describe_repositories").paginate():
        found = (each["repositoryName"] for each in page["repositories"])
        yield from filter(ours.named, found)


def _api_log_role(clients: Clients, ours: Ours) -> Iterator[str]:
    role = clients("apigateway").get_account().get("cloudwatchRoleArn") or ""
    if f":role/{ours.prefix}" in role:
        yield role


def _clear_api_log_role(clients: Clients, role: str) -> None:
    del role
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}
    clients("apigateway").update_account(patchOperations=[patch])


KINDS: Final = (
    Kind("stack", _stacks, None),
    Kind("table", _tables, STORES["AWS::DynamoDB::Table"].remove),
    Kind("bucket", _buckets, _remove_bucket),
    Kind("queue", _queues, STORES["AWS::SQS::Queue"].remove),
    Kind("log group", _log_groups, STORES["AWS::Logs::LogGroup"].remove),
    Kind(
        "KMS key",
        _keys,
        lambda clients, name: clients("kms").schedule_key_deletion(
            KeyId=name, PendingWindowInDays=_DAYS
        ),
    ),
    Kind("role", _roles, None),
    Kind(
        "image repository",
        _repositories,
        lambda clients, name: clients("ecr").delete_repository(repositoryName=name, force=True),
    ),
    Kind("API Gateway's role for logs", _api_log_role, _clear_api_log_role),
)
