"""The rehearsed world: its accounts, its region, its names. Both interpreters import this file.

Only the standard library may be imported here: the command line runs in the project's virtual
environment, the emulator in its own, and each must be able to read this file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from settings import Settings, SettingsError

_FICTIONAL = {"tools": "111111111111", "dev": "222222222222", "prod": "333333333333"}


def read_accounts(cdk_json: Path) -> Mapping[str, str]:
    """The account ids that the settings name, so that what is rehearsed is what would be deployed.

    Where the settings cannot be read, fictional ones: saying what is wrong with settings is the
    synthesis's task, and it comes first.
    """
    try:
        return Settings.of_checkout(cdk_json.parent).accounts
    except SettingsError:
        return _FICTIONAL


_ACCOUNTS = read_accounts(Path(__file__).resolve().parents[1] / "cdk.json")

REGION = "us-west-2"
"""The only region that the settings allow."""

PIPELINE_STACK_ID = "TapPipelineStack"
"""The construct id, by which the CDK CLI selects the stack."""

PIPELINE = "tap-pipeline"
HOST = "127.0.0.1"
EMULATOR_VERSION = "1.5.33"
"""The MiniStack release that the corrections were written against."""


class Account(StrEnum):
    """The three accounts, by their ids in `cdk.json`."""

    TOOLS = _ACCOUNTS["tools"]
    DEV = _ACCOUNTS["dev"]
    PROD = _ACCOUNTS["prod"]

    @property
    def label(self) -> str:
        """`tools`, `dev` or `prod`."""
        return self.name.lower()


ENVIRONMENTS = {"dev": Account.DEV, "prod": Account.PROD}
"""The account of each environment that the pipeline deploys to."""

_EXECUTE_API = re.compile(
    r"https://(?P<api>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?::443)?(?P<rest>/.*)?"
)


def smoke_project_role_arn(environment: str) -> str:
    """The service role of an environment's smoke project, in the tools account."""
    return f"arn:aws:iam::{Account.TOOLS}:role/tap-pipeline-smoke-{environment}"


def smoke_role_arn(environment: str) -> str:
    """The role in the environment's own account that may invoke its API and nothing else."""
    return f"arn:aws:iam::{ENVIRONMENTS[environment]}:role/tap-{environment}-smoke"


def local_api_url(url: str, endpoint: str) -> str:
    """Where `url` is served here, when it is a REST API's address at AWS; else `url` unchanged.

    Stack outputs carry `https://<id>.execute-api.<region>.amazonaws.com/<stage>/`, a host that
    leads to AWS. The emulator serves the same API below a path of its `endpoint`.
    """
    match = _EXECUTE_API.fullmatch(url)
    if match is None:
        return url
    return f"{endpoint}/_aws/execute-api/{match['api']}{match['rest'] or '/'}"
