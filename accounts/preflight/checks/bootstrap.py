"""Whether the account is prepared, by our template, as this checkout has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import yaml
from botocore.exceptions import ClientError

from accounts.bootstrap.account import bootstrap_of
from accounts.bootstrap.options import template_path
from accounts.preflight.account import Account
from accounts.preflight.finding import Finding, fine, wrong
from accounts.preflight.registry import check

STACK: Final = "CDKToolkit"
_READ: Final = ("cloudformation:DescribeStacks", "cloudformation:GetTemplate")


@check("bootstrap", *_READ, "s3:ListBucket")
def bootstrap_is_ours(account: Account) -> Iterator[Finding]:
    """There, complete, of our variant, trusting this tools account."""
    again = f"scripts/bootstrap {account.name}"
    try:
        (stack,) = account.clients("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        yield from _none(account, again)
        return
    if not str(stack["StackStatus"]).endswith(("CREATE_COMPLETE", "UPDATE_COMPLETE")):
        yield wrong(f"the stack {STACK} is {stack['StackStatus']}", f"repair it, then {again}")
        return
    given = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}
    ours = f"tap: {bootstrap_of(account.name)}"
    if given.get("BootstrapVariant") != ours:
        yield wrong(
            f"bootstrapped as {given.get('BootstrapVariant')!r}, not as {ours!r}",
            f"find out who else deploys through it; if nobody, {again} --force",
        )
        return
    trusted = given.get("TrustedAccounts", "")
    if not account.is_tools and trusted != account.settings.tools_account:
        yield wrong(f"it trusts {trusted or 'nobody'}, not the tools account", again)
        return
    yield from _template(account, again)


def _template(account: Account, again: str) -> Iterator[Finding]:
    answer = account.clients("cloudformation").get_template(StackName=STACK)
    applied = _parsed(answer["TemplateBody"])
    committed = yaml.safe_load(template_path(bootstrap_of(account.name)).read_text())
    if applied == committed:
        yield fine(f"as this checkout has it, version {_version(committed)}")
        return
    differs = sorted(
        name
        for name in {*applied.get("Resources", {}), *committed["Resources"]}
        if applied.get("Resources", {}).get(name) != committed["Resources"].get(name)
    )
    where = f"version {_version(applied)}, not {_version(committed)}"
    yield wrong(
        f"of another commit ({where}); differs in {', '.join(differs) or 'its text'}",
        f"read the difference, then {again}",
    )


def _none(account: Account, again: str) -> Iterator[Finding]:
    bucket = f"cdk-hnb659fds-assets-{account.id}-{account.region}"
    try:
        account.clients("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        yield wrong(f"not bootstrapped: no stack {STACK}", again)
    else:
        yield wrong(
            f"no stack {STACK}, but its bucket {bucket} is there, so that a bootstrap would fail",
            "remove the bucket (docs/take-it-to-aws.md, 3), then " + again,
        )


def _parsed(body: Any) -> dict[str, Any]:
    """boto3 parses JSON itself, and hands on YAML as text."""
    parsed: dict[str, Any] = yaml.safe_load(body) if isinstance(body, str) else dict(body)
    return json.loads(json.dumps(parsed, default=str)) if not isinstance(body, str) else parsed


def _version(template: dict[str, Any]) -> str:
    return str(template.get("Outputs", {}).get("BootstrapVersion", {}).get("Value", "unknown"))
