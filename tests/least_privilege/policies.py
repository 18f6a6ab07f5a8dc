"""What a synthesized template grants to each of its roles, with references resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.least_privilege.needs import Grant
from tests.support.application_templates import Application, as_list

# By a word in the logical id of its role; the names are those that the fakes give their workers.
ROLES = {
    "RequestsProcessor": "processor",
    "Sweeper": "sweeper",
    "StateMachine": "workflow",
    "FilesProcessor": "files-api",
    "FilesImages": "images",
    "FilesTables": "tables",
    "SmokeRole": "smoke",
}
# In place of the APIs' ids, which only AWS knows.
REQUESTS_API, FILES_API = "REQUESTS", "FILES"
_NAMED = {
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::{name}"),
    "AWS::DynamoDB::GlobalTable": (
        "TableName",
        "arn:aws:dynamodb:us-west-2:{account}:table/{name}",
    ),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        "arn:aws:states:us-west-2:{account}:stateMachine:{name}",
    ),
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:us-west-2:{account}:{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "arn:aws:logs:us-west-2:{account}:log-group:{name}:*"),
}


class UnknownRoleError(Exception):
    """A role that nobody has thought about here."""


def role_of(logical_id: str) -> str:
    """Which of our roles a logical id belongs to."""
    found = [role for word, role in ROLES.items() if word in logical_id]
    if len(found) != 1:
        raise UnknownRoleError(logical_id)
    return found[0]


# The roles of deployments, whose grants tests/template/test_application_rollout.py compares.
ROLLOUT = "Rollout"


def working(application: Application) -> Iterator[tuple[str, dict[str, Any]]]:
    """Statements of roles that the application works with, by the ids of their policies."""
    return (each for each in application.statements() if ROLLOUT not in each[0])


def grants(application: Application) -> set[Grant]:
    """Every action on every resource that an inline policy allows."""
    return {
        Grant(role_of(policy), action, resolve(application, resource))
        for policy, statement in working(application)
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def unnamed_roles(application: Application) -> Iterator[str]:
    """Logical ids of roles that `ROLES` does not know."""
    for role in application.resources("AWS::IAM::Role"):
        if not any(word in role.logical_id for word in ROLES):
            yield role.logical_id


def resolve(application: Application, value: Any) -> str:
    """A property's value as text. An API's id, which only AWS knows, is a word for it."""
    match value:
        case str():
            return value
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": name} | {"Fn::GetAtt": [name, "Arn"]}:
            return _physical(application, name, value)
        case {"Fn::Join": [separator, parts]}:
            return str(separator.join(resolve(application, part) for part in parts))
    raise ValueError(f"cannot resolve {value}")


def _physical(application: Application, name: str, reference: Mapping[str, Any]) -> str:
    resource: dict[str, Any] = application.template["Resources"][name]
    kind = resource["Type"]
    if kind == "AWS::ApiGateway::Stage":
        return "STAGE"
    if kind == "AWS::ApiGateway::RestApi":
        return FILES_API if name.startswith("Files") else REQUESTS_API
    attribute, arn = _NAMED[kind]
    own = resolve(application, resource["Properties"][attribute])
    # The Ref of a state machine is its ARN; of the others, their name.
    wants_arn = "Fn::GetAtt" in reference or kind == "AWS::StepFunctions::StateMachine"
    return arn.format(account=application.environment.account, name=own) if wants_arn else own
