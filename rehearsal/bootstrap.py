"""Prepares the three accounts as a platform team would, with the real CDK CLI.

Every run bootstraps anew: it takes seconds, and a restored snapshot would prove less.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rehearsal.commands import cdk
from rehearsal.credentials import Credentials
from rehearsal.server import Server
from rehearsal.world import PIPELINE_STACK_ID, REGION, Account

EXECUTION_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
"""What CloudFormation may do in an account: the bootstrap's default, stated because --trust asks
for it ("CDK bootstrapping" in the CDK developer guide)."""


def bootstrap(server: Server, administrators: Mapping[Account, Credentials]) -> None:
    """Runs `cdk bootstrap` in every account; dev and prod trust the tools account.

    Raises `CommandError` naming the account's command and the tail of its output.
    """
    with ThreadPoolExecutor(len(administrators)) as pool:
        for result in [
            pool.submit(_bootstrap, server, account, credentials)
            for account, credentials in administrators.items()
        ]:
            result.result()


def _bootstrap(server: Server, account: Account, credentials: Credentials) -> str:
    arguments = ["bootstrap", f"aws://{account}/{REGION}"]
    arguments += ["--cloudformation-execution-policies", EXECUTION_POLICY]
    if account is not Account.TOOLS:
        arguments += ["--trust", str(Account.TOOLS)]
    return cdk(server, credentials, arguments, cwd=server.root)


def deploy_pipeline(server: Server, assembly: Path, administrator: Credentials) -> str:
    """Deploys the pipeline's stack from a synthesized cloud assembly; returns the CLI's output.

    This is the one deployment that a person makes at AWS; afterwards the pipeline updates itself.
    """
    arguments = ["deploy", "--app", str(assembly), PIPELINE_STACK_ID]
    arguments += ["--require-approval", "never", "--progress", "events"]
    return cdk(server, administrator, arguments, cwd=server.root)
