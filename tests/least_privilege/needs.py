"""What IAM asks for a call: from boto3's method and arguments to actions on resources.

botocore's own models name the operation and the service's prefix; what differs is listed here, each
with its page in the Service Authorization Reference or the service's API reference.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import ServiceModel

from tests.least_privilege.calls import Call

ACCOUNT = "222222222222"
_HERE = f"us-west-2:{ACCOUNT}"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.json)?(:\d+)?")


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource, as a policy writes it, for one role."""

    role: str
    action: str
    resource: str


# Operations that IAM knows by another action (their pages in the S3 API Reference).
OTHER_NAMES = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
}
# Arguments that ask for another action instead ("GetObject", S3 API Reference).
INSTEAD = {("s3:GetObject", "VersionId"): "s3:GetObjectVersion"}
# A transaction asks for what is in it ("Using IAM with DynamoDB transactions").
TRANSACTION = "dynamodb:TransactWriteItems"
# Arguments that need an action of their own ("PutObject", S3 API Reference).
BY_ARGUMENT = {("s3:PutObject", "Tagging"): "s3:PutObjectTagging"}


def needs(call: Call, names: dict[str, str]) -> Iterator[Grant]:
    """names: physical names by those that the fakes have."""
    operation = f"{_model(call.service).signing_name}:{_operation(call.service, call.method)}"
    if operation == TRANSACTION:
        for item in call.arguments["TransactItems"]:
            ((kind, arguments),) = item.items()
            yield from needs(Call(call.role, "dynamodb", f"{kind.lower()}_item", arguments), names)
        return
    actions = {OTHER_NAMES.get(operation, operation)}
    for (of, argument), action in INSTEAD.items():
        if of == operation and argument in call.arguments:
            actions = {action}
    actions |= {
        action
        for (of, argument), action in BY_ARGUMENT.items()
        if of == operation and argument in call.arguments
    }
    for action in actions:
        yield Grant(call.role, action, _UUID.sub("*", _resource(call, names)))


def by_prefix(needed: Iterable[Grant]) -> set[Grant]:
    """The same, with all the objects of a bucket that a role does one thing to as one pattern.

    It is the folder that they have in common: no policy could name less and let all of them pass.
    """
    objects: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    found = set()
    for grant in needed:
        bucket, slash, key = grant.resource.partition("/")
        if bucket.startswith("arn:aws:s3:::") and slash:
            objects[grant.role, grant.action, bucket].append(key)
        else:
            found.add(grant)
    for (role, action, bucket), keys in objects.items():
        folders = zip(*(key.partition("*")[0].split("/")[:-1] for key in keys), strict=False)
        common = [f"{names[0]}/" for names in takewhile(lambda names: len({*names}) == 1, folders)]
        found.add(Grant(role, action, f"{bucket}/{''.join(common)}*"))
    return found


@cache
def _model(service: str) -> ServiceModel:
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


@cache
def _operation(service: str, method: str) -> str:
    (name,) = (each for each in _model(service).operation_names if xform_name(each) == method)
    return str(name)


def _resource(call: Call, names: dict[str, str]) -> str:
    given: dict[str, Any] = dict(call.arguments)
    if call.service == "s3":
        bucket = f"arn:aws:s3:::{names[given['Bucket']]}"
        return f"{bucket}/{given['Key']}" if "Key" in given else bucket
    if call.service == "dynamodb":
        index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
        return f"arn:aws:dynamodb:{_HERE}:table/{names[given['TableName']]}{index}"
    return str(given.get("stateMachineArn") or given["executionArn"])
