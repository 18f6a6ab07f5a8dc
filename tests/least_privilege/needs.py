"""What IAM asks for a call: from boto3's method and arguments to actions on resources.

botocore's own models name the operation and the service's prefix; what differs is listed here, each
with its page in the Service Authorization Reference or the service's API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
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


# Operations that IAM knows by another action ("HeadObject", "CopyObject", S3 API Reference).
OTHER_NAMES = {"s3:HeadObject": "s3:GetObject"}
# Arguments that need an action of their own ("PutObject", S3 API Reference).
BY_ARGUMENT = {("s3:PutObject", "Tagging"): "s3:PutObjectTagging"}


def needs(call: Call, names: dict[str, str]) -> Iterator[Grant]:
    """names: physical names by those that the fakes have."""
    operation = f"{_model(call.service).signing_name}:{_operation(call.service, call.method)}"
    actions = {OTHER_NAMES.get(operation, operation)}
    actions |= {
        action
        for (of, argument), action in BY_ARGUMENT.items()
        if of == operation and argument in call.arguments
    }
    for action in actions:
        yield Grant(call.role, action, _UUID.sub("*", _resource(call, names)))


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
        return f"arn:aws:s3:::{names[given['Bucket']]}/{given['Key']}"
    if call.service == "dynamodb":
        index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
        return f"arn:aws:dynamodb:{_HERE}:table/{names[given['TableName']]}{index}"
    return str(given.get("stateMachineArn") or given["executionArn"])
