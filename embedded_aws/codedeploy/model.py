"""What CodeDeploy keeps: applications, deployment groups, and deployments with what they did."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from embedded_aws.codedeploy.appspec import AppSpec
from embedded_aws.codedeploy.configurations import Configuration

EVENTS = ("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
"""The lifecycle events of a deployment to Lambda, in order, without Start and End, which the API
does not list ("AppSpec 'hooks' section for an AWS Lambda deployment", CodeDeploy user guide)."""

ENDED = frozenset({"Succeeded", "Failed", "Stopped"})


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


@dataclass
class Application:
    """A name for what is deployed, in one account."""

    account: str
    name: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=now)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Group:
    """A deployment group: `settings` has the members of CreateDeploymentGroup that stay."""

    account: str
    region: str
    application: str
    name: str
    settings: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def configuration(self) -> str:
        """The name of its deployment configuration."""
        return str(self.settings["deploymentConfigName"])

    @property
    def role(self) -> str:
        """The ARN of its service role."""
        return str(self.settings["serviceRoleArn"])


@dataclass(frozen=True)
class Ending:
    """How a deployment ended that did not succeed: `code` is an ErrorCode of the service model.

    `event` is the one of AutoRollbackConfiguration for which it may be rolled back.
    """

    code: str
    message: str
    status: str = "Failed"
    event: str = "DEPLOYMENT_FAILURE"


@dataclass
class LifecycleEvent:
    """One event of a deployment; `answer` is what its hook said, `execution` names that run."""

    name: str
    status: str = "Pending"
    started: datetime | None = None
    ended: datetime | None = None
    message: str = ""
    execution: str = ""
    answer: str = ""

    @property
    def running(self) -> bool:
        """Whether it is this one's turn."""
        return self.status == "InProgress"


@dataclass
class Deployment:
    """One deployment: what it was asked for, and how far it is."""

    group: Group
    configuration: Configuration
    appspec: AppSpec
    creator: str
    alarms: Mapping[str, Any]
    rollbacks: Mapping[str, Any]
    description: str = ""
    triggered_by: str = ""
    previous: AppSpec | None = None
    override_alarms: Mapping[str, Any] | None = None
    id: str = field(default_factory=lambda: f"d-{_random_name()}")
    status: str = "Created"
    created: datetime = field(default_factory=now)
    started: datetime | None = None
    completed: datetime | None = None
    updated: datetime = field(default_factory=now)
    weight: int = 0
    events: list[LifecycleEvent] = field(
        default_factory=lambda: [LifecycleEvent(name) for name in EVENTS]
    )
    ending: Ending | None = None
    rollback: str = ""
    stopping: Ending | None = None

    @property
    def account(self) -> str:
        """The account it is made in."""
        return self.group.account

    @property
    def ended(self) -> bool:
        """Whether nothing of it goes on."""
        return self.status in ENDED

    @property
    def is_rollback(self) -> bool:
        """Whether it takes back another one."""
        return bool(self.triggered_by)

    def rolls_back_after(self, ending: Ending) -> bool:
        """Whether an ending has to be followed by a rollback: never that of a rollback."""
        asked = self.rollbacks.get("enabled") and ending.event in self.rollbacks.get("events", ())
        return bool(asked) and not self.is_rollback


def _random_name() -> str:
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(9))
