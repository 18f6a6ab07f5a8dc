"""The settings of the delivery system as one typed object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from settings.environments import ACCOUNT, ACCOUNT_IN_WORDS, Environment, read_environments
from settings.guards import read_guards
from settings.notifications import Notifications, read_notifications
from settings.reader import Problem, Reader
from settings.source import Source, read_source

CONTEXT_KEY: Final = "tap"

# Where CodePipeline is offered in the partition "aws" (AWS General Reference, "AWS CodePipeline
# endpoints and quotas"). Spelled out because reading it from botocore takes half a second of every
# synthesis; a test compares the two.
REGIONS: Final = (
    *("af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"),
    *("ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ca-central-1", "eu-central-1"),
    *("eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2"),
    *("eu-west-3", "il-central-1", "me-central-1", "me-south-1", "sa-east-1", "us-east-1"),
    *("us-east-2", "us-west-1", "us-west-2"),
)

# A manual approval waits 5 minutes to 60 days, 7 days unless told (CodePipeline user guide,
# "Quotas in AWS CodePipeline").
APPROVAL_MINUTES: Final = (5, 86_400)
APPROVAL_MINUTES_DEFAULT: Final = 7 * 24 * 60


class SettingsError(ValueError):
    """Settings are wrong; the text lists every problem on a line of its own."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True)
class Settings:
    """Everything that differs between one installation of the delivery system and another.

    tools_account: 12 digits, where the pipeline lives. environments: in the order of delivery, the
    last one behind the approval. notifications: who is told of the delivery. guards: globs, as in
    a .gitignore, of the files that a commit changes only with a person's yes. application: the
    services' own options by service, as they stand in the file; `stages.options` knows them.
    skip_approval_without_changes: does a release that would change nothing behind the approval pass
    it without a person?
    """

    tools_account: str
    region: str
    environments: tuple[Environment, ...]
    source: Source
    architecture: str
    approval_timeout_minutes: int
    skip_approval_without_changes: bool
    notifications: Notifications
    guards: tuple[str, ...]
    application: Mapping[str, object]

    @property
    def guarded(self) -> Environment:
        """The last environment: what people use, and what the approval guards."""
        return self.environments[-1]

    @property
    def accounts(self) -> Mapping[str, str]:
        """Account ids by what they are for: "tools", then the environments' names."""
        return {"tools": self.tools_account} | {
            each.name: each.account for each in self.environments
        }

    def environment(self, name: str) -> Environment:
        """The environment of that name. Raises KeyError."""
        return {each.name: each for each in self.environments}[name]

    @classmethod
    def parse(cls, values: object) -> Self:
        """Checks `values`, the parsed JSON of context "tap".

        Raises:
            SettingsError: something is missing, unknown or wrong; all of it is listed.
        """
        reader = Reader(values, CONTEXT_KEY)
        tools = reader.text("tools_account", ACCOUNT, ACCOUNT_IN_WORDS)
        region = reader.one_of("region", REGIONS)
        minutes = ("approval_timeout_minutes", *APPROVAL_MINUTES, APPROVAL_MINUTES_DEFAULT)
        settings = cls(
            tools_account=tools,
            region=region,
            environments=read_environments(reader, "environments", tools),
            source=read_source(reader.section("source"), tools, region),
            architecture=reader.one_of("architecture", ("x86_64", "arm64"), default="x86_64"),
            approval_timeout_minutes=reader.whole_number(*minutes),
            skip_approval_without_changes=reader.flag(
                "skip_approval_without_changes", default=False
            ),
            notifications=read_notifications(reader.section("notifications", {})),
            guards=read_guards(reader, "guards"),
            application=reader.mapping("application"),
        )
        reader.finish()
        if reader.problems:
            raise SettingsError(reader.problems)
        return settings

    @classmethod
    def of_checkout(cls, checkout: Path) -> Self:
        """From a checkout's `cdk.json`.

        Raises:
            SettingsError: the settings are wrong, or the file is no JSON or has none.
        """
        file = checkout / "cdk.json"
        try:
            values = json.loads(file.read_text(encoding="utf-8"))["context"][CONTEXT_KEY]
        except (OSError, ValueError, KeyError, TypeError) as error:
            expected = f'JSON with the settings as context "{CONTEXT_KEY}"'
            raise SettingsError([Problem(str(file), str(error), expected)]) from error
        return cls.parse(values)
