"""What the settings and package.json ask for, in the terms of a cloud assembly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from settings import Environment, Settings, Source

PIPELINE: Final = "tap-pipeline"
PIPELINE_STACK: Final = "tap-pipeline"
# The stages where people are asked, each with one approval: for what guards the delivery, and for
# the guarded environment; and the one before that, which says what would happen there.
GUARDS, PREVIEW, PROMOTE = "Guards", "Preview", "Promote"
APPROVAL: Final = "Approve"
# Of the CDK's bootstrap; its default.
QUALIFIER: Final = "hnb659fds"


def stack_name(environment: Environment) -> str:
    """The name of the stack that an environment consists of."""
    return f"tap-{environment.name}"


@dataclass(frozen=True)
class Intended:
    """Where the pipeline delivers from and to; pins: exact versions by npm package."""

    settings: Settings
    pins: dict[str, str]

    @classmethod
    def of_checkout(cls, checkout: Path) -> Self:
        """From the `cdk.json` and `package.json` of a checkout."""
        pins = json.loads((checkout / "package.json").read_text())["dependencies"]
        return cls(Settings.of_checkout(checkout), pins)

    @property
    def tools(self) -> str:
        """The account of the pipeline."""
        return self.settings.tools_account

    @property
    def environments(self) -> tuple[Environment, ...]:
        """In the order in which they are delivered to; the guarded one is last."""
        return self.settings.environments

    @property
    def guarded(self) -> Environment:
        """The environment behind the approval."""
        return self.settings.guarded

    @property
    def before(self) -> tuple[Environment, ...]:
        """The environments that are deployed and tested without asking anybody."""
        return self.environments[:-1]

    @property
    def disposable_accounts(self) -> frozenset[str]:
        """The accounts whose data may go."""
        return frozenset(each.account for each in self.environments if each.disposable)

    @property
    def region(self) -> str:
        return self.settings.region

    @property
    def source(self) -> Source:
        return self.settings.source

    def bootstrap_role(self, account: str, kind: str) -> str:
        """The ARN of a role of the CDK's bootstrap: kind is "deploy", "cfn-exec", ...."""
        name = f"cdk-{QUALIFIER}-{kind}-role-{account}-{self.region}"
        return f"arn:aws:iam::{account}:role/{name}"
