"""Whether names that a creation needs are free."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from accounts.preflight.account import Account, Clients
from accounts.preflight.finding import Finding, fine, unseen, wrong
from accounts.preflight.registry import check

_FAILED: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


@check("stack", "cloudformation:DescribeStacks")
def stack_can_be_deployed(account: Account) -> Iterator[Finding]:
    """CloudFormation creates no stack whose first creation failed ("Stack status codes")."""
    status = _status(account)
    if status in _FAILED or status == "REVIEW_IN_PROGRESS":
        yield wrong(f"{account.stack} is {status}", f"scripts/recover {account.name}")
    else:
        yield fine(f"{account.stack} is {status or 'not there yet'}")


def _status(account: Account) -> str:
    try:
        answer = account.clients("cloudformation").describe_stacks(StackName=account.stack)
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return ""
    return str(answer["Stacks"][0]["StackStatus"])


def _table(clients: Clients, name: str) -> Any:
    return clients("dynamodb").describe_table(TableName=name)


def _role(clients: Clients, name: str) -> Any:
    return clients("iam").get_role(RoleName=name)


def _function(clients: Clients, name: str) -> Any:
    return clients("lambda").get_function_configuration(FunctionName=name)


def _queue(clients: Clients, name: str) -> Any:
    return clients("sqs").get_queue_url(QueueName=name)


def _log_group(clients: Clients, name: str) -> Any:
    found = clients("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(each["logGroupName"] == name for each in found)


def _bucket(clients: Clients, name: str) -> Any:
    try:
        return clients("s3").head_bucket(Bucket=name)
    except ClientError as error:
        # Names of buckets are shared with everybody: who may not look at it does not have it.
        if error.response["Error"]["Code"] in ("403", "301"):
            return "somebody else"
        raise


_NAMED: Final[dict[str, tuple[str, Callable[[Clients, str], Any]]]] = {
    "AWS::DynamoDB::GlobalTable": ("TableName", _table),
    "AWS::DynamoDB::Table": ("TableName", _table),
    "AWS::IAM::Role": ("RoleName", _role),
    "AWS::Lambda::Function": ("FunctionName", _function),
    "AWS::Logs::LogGroup": ("LogGroupName", _log_group),
    "AWS::S3::Bucket": ("BucketName", _bucket),
    "AWS::SQS::Queue": ("QueueName", _queue),
}
_ABSENT: Final = (
    *("404", "NoSuchBucket", "NoSuchEntity", "ResourceNotFoundException"),
    *("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
)


@check(
    "names",
    *("cloudformation:DescribeStacks", "dynamodb:DescribeTable", "iam:GetRole"),
    *("lambda:GetFunctionConfiguration", "logs:DescribeLogGroups", "s3:ListBucket"),
    "sqs:GetQueueUrl",
)
def names_are_free(account: Account) -> Iterator[Finding]:
    """Those that cdk.out writes out, where the stack is not there yet."""
    if not account.templates:
        yield unseen("nothing is synthesized, so its names are not known", "scripts/synth")
        return
    if _status(account):
        yield fine(f"the stack {account.stack} is there, and has its names")
        return
    taken = [f"{kind} {name}" for kind, name in _names(account) if _taken(account, kind, name)]
    for each in taken:
        yield wrong(
            f"{each} is there already",
            f"scripts/recover {account.name} if a failed deployment left it; else docs/removal.md",
        )
    if not taken:
        yield fine("all free")


def _names(account: Account) -> Iterator[tuple[str, str]]:
    for template in account.templates:
        for resource in template.resources(*_NAMED):
            name = resource.properties.get(_NAMED[resource.type][0])
            if isinstance(name, str):
                yield resource.type, name


def _taken(account: Account, kind: str, name: str) -> bool:
    try:
        return bool(_NAMED[kind][1](account.clients, name))
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return False
        raise
