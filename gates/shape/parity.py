"""All environments are deployed the same: what smoke tests met is what the guarded one gets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gates.delivery import Delivery
from gates.registry import rule
from gates.reviewed.blocks import Blocks
from gates.reviewed.environments import by_part, otherwise, whole
from settings import Environment

# What an environment may have that keeps its data, and lack that gives it up with its stack, with
# what empties its buckets. Each is matched against "title | line" of a reviewed text.
KEEPS: Final = re.compile(
    r".* \| (?:(?:Deletion|UpdateReplace)Policy (?:Retain|RetainExceptOnCreate)"
    r"|\S*DeletionProtectionEnabled True|\S*PointInTimeRecoveryEnabled True"
    r"|protected from deletion: yes)"
)
DISPOSES: Final = re.compile(
    r".* \| (?:(?:Deletion|UpdateReplace)Policy Delete"
    r"|\S*DeletionProtectionEnabled False|\S*PointInTimeRecoveryEnabled False"
    r"|protected from deletion: no|Tags\.aws-cdk:auto-delete-objects true"
    r"|allow s3:(?:DeleteObject\*|GetBucket\*|List\*|PutBucketPolicy) AWS"
    r" <(?:\w+/)?Custom::S3AutoDeleteObjectsCustomResourceProvider/Role\.Arn> .*)"
    r"|(?:\w+/)?(?:BucketEmptierLogs: AWS::Logs::LogGroup"
    r"|Custom::S3AutoDeleteObjectsCustomResourceProvider/(?:Handler: AWS::Lambda::Function"
    r"|Role: AWS::IAM::Role)|\w+/AutoDeleteObjectsCustomResource: Custom::S3AutoDeleteObjects)"
    r" \| .*"
)
NOTHING: Final = re.compile(r"(?!)")
# How fast a function's traffic moves to a new version is a setting, too.
_CONFIGURATION: Final = "DeploymentConfigName"
# An environment's own e-mail address for alarms is a setting, so only some have a subscription.
SUBSCRIPTION: Final = ": AWS::SNS::Subscription"


@rule(
    "TAP-413",
    why="what smoke tests met in one environment is not what the guarded one gets",
    fix="make all environments from one ApplicationStage; a difference that has to be is named in "
    "gates/shape/parity.py, by a review of its own",
)
def environments_are_the_same(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """No environment has a resource, code, setting or output that the guarded one has not.

    And lacks none: something that is only in the guarded one is something that no smoke test has
    met, and something that is not there, such as a limit, an alarm or a signature, is what it lost.
    """
    guarded = delivery.intended.guarded
    last = _content(delivery, guarded)
    for environment in delivery.intended.before:
        may = (KEEPS, DISPOSES) if environment.disposable else (NOTHING, NOTHING)
        for title, lines in otherwise(_content(delivery, environment), last).items():
            wrong = [line for line in lines if not _may_differ(title, line, *may)]
            if wrong:
                subject = "\n".join([f"otherwise than {environment.name}, it", *wrong])
                yield f"{guarded.name} / {title}", subject


def _may_differ(title: str, line: str, has: re.Pattern[str], lacks: re.Pattern[str]) -> bool:
    verb, _, said = line.partition(" ")
    told = f"{title} | {' '.join(said.split())}"
    return (has if verb == "has" else lacks).fullmatch(told) is not None


def _content(delivery: Delivery, environment: Environment) -> Blocks:
    """All of an environment, but for what its settings ask for: a subscription, a canary."""
    content = whole(by_part(delivery, environment))
    return {
        title: [line for line in lines if not _is_its_canary(line, environment)]
        for title, lines in content.items()
        if not (title.endswith(SUBSCRIPTION) and _is_asked_for(lines, environment))
    }


def _is_its_canary(line: str, environment: Environment) -> bool:
    minutes = environment.canary_minutes
    how = f"Canary10Percent{minutes}Minutes" if minutes else "AllAtOnce"
    return line.split() == [_CONFIGURATION, f"CodeDeployDefault.Lambda{how}"]


def _is_asked_for(lines: list[str], environment: Environment) -> bool:
    said = {tuple(line.split(maxsplit=1)) for line in lines}
    return {("Protocol", "email"), ("Endpoint", environment.alarm_email or "")} <= said
