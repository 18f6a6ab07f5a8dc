"""The accounts and the region that tests of the embedded AWS play in: nobody's real ones."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from embedded_aws.clients import Credentials
from embedded_aws.server import Server

REGION = "us-west-2"


class Account(StrEnum):
    """An account each for a pipeline, for trying, and for use."""

    TOOLS = "111111111111"
    DEV = "222222222222"
    PROD = "333333333333"

    @property
    def label(self) -> str:
        """What settings would call it."""
        return self.name.lower()


ACCOUNTS = {account.label: str(account) for account in Account}
"""Ids by label, as settings give them."""


def administrators(server: Server) -> Mapping[Account, Credentials]:
    """The keys of a user who may do everything, made in each account."""
    return {account: _administrator(server, account) for account in Account}


def _administrator(server: Server, account: Account) -> Credentials:
    iam = server.session(Credentials.root(account)).client("iam")
    iam.create_user(UserName="administrator")
    everything = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.attach_user_policy(UserName="administrator", PolicyArn=everything)
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])
