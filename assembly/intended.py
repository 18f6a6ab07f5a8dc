"""What the pipeline is meant to be, in the terms of cdk.json and package.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from settings import Settings, Source

# In the order in which they run. A further stage is a decision: it is made here, and reviewed.
STAGES: Final = ("Source", "Build", "UpdatePipeline", "Assets", "Dev", "Promote", "Prod")
PIPELINE: Final = "tap-pipeline"
PIPELINE_STACK: Final = "TapPipelineStack"
QUALIFIER: Final = "hnb659fds"


@dataclass(frozen=True)
class Target:
    """An environment: its stage in the pipeline, its name in resources, its account."""

    stage: str
    environment: str
    account: str

    @property
    def smoke_role(self) -> str:
        return f"arn:aws:iam::{self.account}:role/tap-{self.environment}-smoke"


@dataclass(frozen=True)
class Intended:
    """The settings that say where the pipeline delivers from and to; versions are exact."""

    tools: str
    dev: Target
    prod: Target
    region: str
    source: Source
    approval_minutes: int
    pins: dict[str, str]

    @classmethod
    def read(cls, repository: Path) -> Intended:
        """From the `cdk.json` and `package.json` of a checkout."""
        settings = Settings.of_checkout(repository)
        dev, prod = (
            Target(each.stage, each.name, each.account)
            for each in (settings.environments[0], settings.guarded)
        )
        return cls(
            tools=settings.tools_account,
            dev=dev,
            prod=prod,
            region=settings.region,
            source=settings.source,
            approval_minutes=settings.approval_timeout_minutes,
            pins=json.loads((repository / "package.json").read_text())["dependencies"],
        )

    @property
    def targets(self) -> tuple[Target, Target]:
        return self.dev, self.prod

    def bootstrap_role(self, account: str, kind: str) -> str:
        """The ARN of a role of the CDK's bootstrap: kind is "deploy", "cfn-exec", ...."""
        name = f"cdk-{QUALIFIER}-{kind}-role-{account}-{self.region}"
        return f"arn:aws:iam::{account}:role/{name}"
