"""The function that a schedule invokes: does every environment still have what templates say?

It takes a role of each environment's account, which may look and change nothing, and puts an event
on the bus for each that drifted; `teller` says so to people. An environment that could not be
looked at is news, too: silence means that nothing drifted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from notifications.news import SOURCE, Kind
from ops import drift
from ops.errors import OpsError

# An event has 256 KB at most ("Amazon EventBridge quotas"), and a person reads fewer.
_MOST: Final = 50
_CHARACTERS: Final = 500
_SESSION: Final = "drift-check"

type Takes = Callable[[str], Any]
"""A role's ARN -> a client of CloudFormation that acts as it."""


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """What was found, by environment, for the log."""
    roles = json.loads(os.environ["ROLES"])
    return check(roles, _taken, boto3.client("events"))


def check(roles: Mapping[str, str], takes: Takes, events: Any) -> dict[str, str]:
    """Looks at each environment. roles: the ARN of the role that looks, by environment."""
    return {name: _check(name, role, takes, events) for name, role in roles.items()}


def _check(environment: str, role: str, takes: Takes, events: Any) -> str:
    try:
        look = drift.of_stack(takes(role), f"tap-{environment}")
    except (ClientError, BotoCoreError, OpsError) as error:
        _put(events, Kind.UNSEEN, {"environment": environment, "reason": str(error)[:_CHARACTERS]})
        return f"unknown: {error}"
    if look.drifted:
        found = [each.text[:_CHARACTERS] for each in look.drifted[:_MOST]]
        _put(events, Kind.DRIFTED, {"environment": environment, "differences": found})
    return f"{len(look.drifted)} of {look.seen} drifted, {len(look.unseen)} cannot be looked at"


def _put(events: Any, kind: Kind, detail: Mapping[str, Any]) -> None:
    entry = {"Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail)}
    answer = events.put_events(Entries=[entry])
    # It answers 200 for entries that it did not take ("PutEvents", EventBridge API Reference).
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"EventBridge did not take {kind}: {answer['Entries']}")


def _taken(role: str) -> Any:
    keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName=_SESSION)["Credentials"]
    return boto3.client(
        "cloudformation",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
