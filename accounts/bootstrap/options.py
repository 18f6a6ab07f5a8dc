"""The `cdk bootstrap` command for one account: our template, and the options that go with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).resolve().parent


def template_path(name: str) -> Path:
    """Where the committed template of the account "tools", "dev" or "prod" is."""
    return FOLDER / f"{name}.template.yaml"


def bootstrap_arguments(name: str, accounts: Mapping[str, str], region: str) -> list[str]:
    """What follows `cdk` to bootstrap the account `name`; `accounts` holds all three ids.

    The CLI asks for execution policies by ARN. They are the template's own, so their ARNs are
    known before they exist; the template makes them first.
    """
    account = accounts[name]
    policies = [f"arn:aws:iam::{account}:policy/{each}" for each in _execution_policies(name)]
    arguments = ["bootstrap", f"aws://{account}/{region}"]
    arguments += ["--template", str(template_path(name))]
    arguments += ["--cloudformation-execution-policies", ",".join(policies)]
    arguments += ["--deny-external-id", "--termination-protection"]
    if name != "tools":
        arguments += ["--trust", accounts["tools"]]
    return arguments


def _execution_policies(name: str) -> list[str]:
    template: dict[str, Any] = yaml.safe_load(template_path(name).read_text())
    return [
        resource["Properties"]["ManagedPolicyName"]
        for logical_id, resource in template["Resources"].items()
        if logical_id.startswith("ExecutionPolicy")
    ]
