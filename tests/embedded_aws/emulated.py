"""The embedded AWS as these tests start it, and the accounts that they have in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from embedded_aws.clients import Credentials, Session
from embedded_aws.server import CHECKOUT as REPOSITORY
from embedded_aws.server import Server

__all__ = ["DEV", "PROD", "REGION", "REPOSITORY", "TOOLS", "Credentials", "Server", "Session"]

TOOLS, DEV, PROD = "111111111111", "222222222222", "333333333333"
REGION = "us-west-2"
ACCOUNTS = {"tools": TOOLS, "dev": DEV, "prod": PROD}
"""By what settings would call them."""


def start(root: Path, *services: str) -> Server:
    """A server with these of our own services: a context manager."""
    return Server(root, region=REGION, services=list(services))


def root_of(account: str) -> Credentials:
    """An account's root: who plays AWS itself, or whoever sets up a test."""
    return Credentials(account, "root")


def administrators(server: Server) -> dict[str, Credentials]:
    """A user who may do everything, in each account."""
    return {account: _administrator(server, account) for account in (TOOLS, DEV, PROD)}


def _administrator(server: Server, account: str) -> Credentials:
    iam = server.session(root_of(account)).client("iam")
    iam.create_user(UserName="administrator")
    iam.attach_user_policy(
        UserName="administrator", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def runs(command: str) -> bool:
    """Whether a process has exactly this command line; its id is another one in a sandbox."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "stat=,args="], capture_output=True, text=True, check=True
    )
    rows = (line.split(None, 1) for line in listed.stdout.splitlines())
    return any(row[1:] == [command] for row in rows if not row[0].startswith("Z"))
