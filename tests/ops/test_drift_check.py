"""The daily look for what was changed by hand, against stacks of the embedded AWS.

Proves what becomes an event, for an environment that is as its templates say, one that is not, and
one that cannot be looked at, with a role of the other account that is really taken. Not proved:
that CloudFormation asks for what the bootstrap's role may read; the emulator asks for less.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from notifications import drift_check
from notifications.news import Kind
from tests.embedded_aws.delivery import Delivery, policy, trust
from tests.embedded_aws.emulated import DEV, TOOLS

QUEUE = "AWS::SQS::Queue"
ROLE = f"arn:aws:iam::{DEV}:role/looks-for-drift"
STRANGER = f"arn:aws:iam::{DEV}:role/nobody"


class Bus:
    """Takes events, as EventBridge's client does."""

    def __init__(self, failed: int = 0) -> None:
        self.entries: list[dict[str, Any]] = []
        self._failed = failed

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.entries += Entries
        return {"FailedEntryCount": self._failed, "Entries": []}

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        return [(each["DetailType"], json.loads(each["Detail"])) for each in self.entries]


@pytest.fixture(scope="module")
def looked_at(delivery: Delivery) -> Iterator[Delivery]:
    """Stacks tap-steady and tap-moved in dev, each with a queue; the other's was changed."""
    cloudformation = delivery.client("cloudformation", DEV)
    names = ("tap-steady", "tap-moved")
    for name in names:
        properties = {"QueueName": name, "VisibilityTimeout": 30}
        body = {"Resources": {"Queue": {"Type": QUEUE, "Properties": properties}}}
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1}
        )
    sqs = delivery.client("sqs", DEV)
    url = sqs.get_queue_url(QueueName="tap-moved")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})
    iam = delivery.client("iam", DEV)
    name = ROLE.rpartition("/")[2]
    trusted = json.dumps(trust({"AWS": f"arn:aws:iam::{TOOLS}:root"}))
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)
    looks = json.dumps(policy(["cloudformation:*", "sqs:Get*"], "*"))
    iam.put_role_policy(RoleName=name, PolicyName="looks", PolicyDocument=looks)
    yield delivery
    for each in names:
        cloudformation.delete_stack(StackName=each)


def taken(delivery: Delivery, role: str) -> Any:
    """CloudFormation as a role that tools takes."""
    keys = delivery.client("sts").assume_role(RoleArn=role, RoleSessionName="look")["Credentials"]
    return delivery.server.session(
        type(delivery.administrators[TOOLS])(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
        )
    ).client("cloudformation")


def test_only_an_environment_that_drifted_is_told_of(looked_at: Delivery) -> None:
    bus = Bus()
    roles = {"steady": ROLE, "moved": ROLE}
    found = drift_check.check(roles, lambda role: taken(looked_at, role), bus)
    assert found["steady"].startswith("0 of 1 drifted")
    ((kind, detail),) = bus.told
    assert (kind, detail["environment"]) == (Kind.DRIFTED, "moved")
    (difference,) = detail["differences"]
    assert "/VisibilityTimeout is 99, the template has 30" in difference
    assert bus.entries[0]["Source"] == "tap.delivery"


def test_one_that_cannot_be_looked_at_is_news_and_does_not_hide_the_others(
    looked_at: Delivery,
) -> None:
    bus = Bus()
    roles = {"strange": STRANGER, "nowhere": ROLE, "moved": ROLE}
    drift_check.check(roles, lambda role: taken(looked_at, role), bus)
    assert [(kind, detail["environment"]) for kind, detail in bus.told] == [
        *((Kind.UNSEEN, "strange"), (Kind.UNSEEN, "nowhere"), (Kind.DRIFTED, "moved"))
    ]


def test_an_event_that_the_bus_does_not_take_is_an_error(looked_at: Delivery) -> None:
    with pytest.raises(RuntimeError, match="did not take Drift Found"):
        drift_check.check({"moved": ROLE}, lambda role: taken(looked_at, role), Bus(failed=1))
