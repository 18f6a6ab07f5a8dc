"""The `cdk bootstrap` command for one account: our template, and the options that go with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from accounts.bootstrap.account import TOOLS, bootstrap_of

FOLDER: Final = Path(__file__).resolve().parent


def template_path(name: str) -> Path:
    """Where the committed bootstrap template called "tools" or "environment" is."""
    return FOLDER / f"{name}.template.yaml"


def bootstrap_arguments(name: str, accounts: Mapping[str, str], region: str) -> list[str]:
    """What follows `cdk` to bootstrap the account `name`: "tools" or an environment's.

    accounts: the ids of all accounts by their names.

    The CLI asks for execution policies by ARN. They are the template's own, so their ARNs are
    known before they exist; the template makes them first.
    """
    account, template = accounts[name], template_path(bootstrap_of(name))
    policies = [f"arn:aws:iam::{account}:policy/{each}" for each in _execution_policies(template)]
    arguments = ["bootstrap", f"aws://{account}/{region}"]
    arguments += ["--template", str(template)]
    arguments += ["--cloudformation-execution-policies", ",".join(policies)]
    arguments += ["--deny-external-id", "--termination-protection"]
    # Nothing stays of a bootstrap that was there before: its variant would, and with it the CLI's
    # refusal to replace what is called otherwise. The bucket's key would then be a new one.
    arguments += ["--no-previous-parameters", "--no-bootstrap-customer-key"]
    if name != TOOLS:
        arguments += ["--trust", accounts[TOOLS]]
    return arguments


def _execution_policies(path: Path) -> list[str]:
    template: dict[str, Any] = yaml.safe_load(path.read_text())
    return [
        resource["Properties"]["ManagedPolicyName"]
        for logical_id, resource in template["Resources"].items()
        if logical_id.startswith("ExecutionPolicy")
    ]
