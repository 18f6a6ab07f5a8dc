"""The environments that the pipeline delivers to, in the order in which it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from settings.reader import Reader
from settings.windows import DeploymentWindow, read_window

ACCOUNT: Final = r"\d{12}"
ACCOUNT_IN_WORDS: Final = 'an account id: 12 digits, in quotes, such as "111111111111"'

# Stands in every physical name; the longest, of buckets, may have 63 characters with account and
# region in it (Amazon S3 User Guide, "General purpose bucket naming rules").
_NAME: Final = r"[a-z][a-z0-9]{1,11}"
# Of the deployment configurations that CodeDeploy has for Lambda, those that begin with a tenth
# ("Working with deployment configurations in CodeDeploy", CodeDeploy user guide).
_CANARY_MINUTES: Final = (0, 5, 10, 15, 30)
_CANARY_DEFAULT: Final = 10
# A rule ends within an hour, as all actions do of which it is not said otherwise ("Quotas in AWS
# CodePipeline"), and so does a role that another one takes ("Roles terms and concepts", IAM user
# guide, role chaining); a build needs minutes to come.
_LONGEST_BAKE: Final = 50
EMAIL: Final = r"[^@\s]+@[^@\s]+\.[^@\s]+"


@dataclass(frozen=True)
class Environment:
    """One deployment of the application.

    name: part of every physical name, such as "dev". account: 12 digits, its own. disposable: may
    its data go with its stack? alarm_email: who is told of alarms, None for nobody. rollback: does
    its stage, when it fails, come back to the last release that succeeded there, and is it held
    then until somebody lifts that? deployment_window: when its stage may be entered, None for
    always. canary_minutes: how long a tenth of a function's traffic tries a new version; 0 for all
    of it at once. bake_minutes: how long no alarm may go off after its smoke tests, or its stage
    comes back; 0 for no such time.
    """

    name: str
    account: str
    disposable: bool = False
    alarm_email: str | None = None
    rollback: bool = False
    deployment_window: DeploymentWindow | None = None
    canary_minutes: int = 0
    bake_minutes: int = 0

    @property
    def stage(self) -> str:
        """The name of its stage in the pipeline."""
        return self.name.capitalize()

    @property
    def smoke_role_arn(self) -> str:
        """The role that its smoke tests take, which may call its APIs and nothing else."""
        return f"arn:aws:iam::{self.account}:role/tap-{self.name}-smoke"


def read_environments(reader: Reader, key: str, tools_account: str) -> tuple[Environment, ...]:
    """The list at `key`: at least two, each in an account of its own; the last one keeps its data.

    The last one is what the approval guards, so it is the one that people's data is in.
    """
    entries = reader.sections(key, "a list of at least two environments, the last one guarded")
    last = entries[-1] if entries else None
    environments = tuple(_environment(entry, guarded=entry is last) for entry in entries)
    if len(environments) == 1:
        reader.reject(key, environments[0].name, "at least two environments, the last one guarded")
    _reject_repeated(entries, environments, tools_account)
    if environments and environments[-1].disposable:
        entries[-1].reject(
            "disposable", True, "false: the last environment, behind the approval, keeps its data"
        )
    return environments


def _environment(reader: Reader, *, guarded: bool) -> Environment:
    canary = _CANARY_DEFAULT if guarded else 0
    name = reader.text(
        "name", _NAME, "2 to 12 lower-case letters and digits, a letter first, such as dev"
    )
    account = reader.text("account", ACCOUNT, ACCOUNT_IN_WORDS)
    disposable = reader.flag("disposable", default=False)
    environment = Environment(
        name=name,
        account=account,
        disposable=disposable,
        alarm_email=reader.optional_text("alarm_email", EMAIL, "an e-mail address"),
        # Where nobody's data is, the broken release is worth more as it stands.
        rollback=reader.flag("rollback", default=not disposable),
        deployment_window=read_window(reader.optional_section("deployment_window")),
        canary_minutes=reader.number_of("canary_minutes", _CANARY_MINUTES, default=canary),
        bake_minutes=reader.whole_number("bake_minutes", 0, _LONGEST_BAKE, default=0),
    )
    if environment.bake_minutes and not environment.rollback:
        expected = "0, or `rollback` as well: an alarm could not take the release back"
        reader.reject("bake_minutes", environment.bake_minutes, expected)
    reader.finish()
    return environment


def _reject_repeated(
    entries: list[Reader], environments: tuple[Environment, ...], tools_account: str
) -> None:
    accounts, names = {tools_account: "the tools account"}, {"tools": "the tools account"}
    for entry, environment in zip(entries, environments, strict=True):
        if environment.account and environment.account in accounts:
            other = accounts[environment.account]
            entry.reject("account", environment.account, f"another account than that of {other}")
        if environment.name in names:
            other = names[environment.name]
            entry.reject("name", environment.name, f"another name than that of {other}")
        accounts.setdefault(environment.account, environment.name)
        names.setdefault(environment.name, environment.name)
