"""Whether the source can be fetched."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from accounts.preflight.account import Account
from accounts.preflight.finding import Finding, fine, wrong
from accounts.preflight.registry import check
from settings import ConnectionSource


@check("connection", "codeconnections:GetConnection", "codestar-connections:GetConnection")
def connection_is_available(account: Account) -> Iterator[Finding]:
    """In tools, and asked for under the name that its ARN has."""
    source = account.settings.source
    if not account.is_tools or not isinstance(source, ConnectionSource):
        return
    arn = source.connection_arn
    try:
        found = account.clients(arn.split(":")[2]).get_connection(ConnectionArn=arn)["Connection"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield wrong(
            f"there is no {arn}", "create it, and enter its ARN (docs/take-it-to-aws.md, 1)"
        )
        return
    if found["ConnectionStatus"] != "AVAILABLE":
        yield wrong(
            f"the connection {found['ConnectionName']} is {found['ConnectionStatus']}",
            "finish it in the console: Developer Tools, Settings, Connections, Update pending",
        )
    else:
        yield fine(f"{found['ConnectionName']} reaches {found['ProviderType']}")
