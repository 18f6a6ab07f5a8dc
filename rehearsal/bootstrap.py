"""Prepares the three accounts as a platform team would, with the real CDK CLI.

Every run bootstraps anew: it takes seconds, and a restored snapshot would prove less.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from accounts.bootstrap.options import bootstrap_arguments
from embedded_aws.installation import PIPELINE_STACK_ID, REGION, Account
from rehearsal.commands import cdk
from rehearsal.credentials import Credentials
from rehearsal.server import Server


def bootstrap(server: Server, administrators: Mapping[Account, Credentials]) -> None:
    """Runs `cdk bootstrap` in every account, with our templates, as `scripts/bootstrap` does.

    Raises `CommandError` naming the account's command and the tail of its output.
    """
    with ThreadPoolExecutor(len(administrators)) as pool:
        for result in [
            pool.submit(_bootstrap, server, account, credentials)
            for account, credentials in administrators.items()
        ]:
            result.result()


def _bootstrap(server: Server, account: Account, credentials: Credentials) -> str:
    accounts = {each.label: str(each) for each in Account}
    arguments = bootstrap_arguments(account.label, accounts, REGION)
    return cdk(server, credentials, arguments, cwd=server.root)


def deploy_pipeline(server: Server, assembly: Path, administrator: Credentials) -> str:
    """Deploys the pipeline's stack from a synthesized cloud assembly; returns the CLI's output.

    This is the one deployment that a person makes at AWS; afterwards the pipeline updates itself.
    """
    arguments = ["deploy", "--app", str(assembly), PIPELINE_STACK_ID]
    arguments += ["--require-approval", "never", "--progress", "events"]
    return cdk(server, administrator, arguments, cwd=server.root)
