"""A release that fails comes back, and nothing follows it until a person lets it."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from assembly.pipeline import Build
from assembly.templates import Template
from assembly.text import plain
from gates.delivery import Delivery
from gates.registry import rule
from gates.shape import bake, entry
from gates.shape.roles import Role, role_of, roles
from settings import Environment

ROLLS_BACK: Final = {"Result": "ROLLBACK"}
# What would let a build decide in a person's place, or become somebody who may.
BEYOND: Final = ("s3:PutObject", "s3:DeleteObject", "sts:AssumeRole", "iam:PassRole")
DECIDES: Final = ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion")
# What people hold and lift an environment with, in the decision bucket.
RECORDS: Final = ("holds/Prod/ID.json", "lifts/Prod/ID.json")


@rule(
    "TAP-441",
    why="a release that fails would stay where it is, or the next would follow it before anybody"
    " looked",
    fix="the stage of an environment whose `rollback` is true in cdk.json has OnFailure ROLLBACK,"
    " and, like the guarded one, is entered only when the build tap-pipeline-enter-<env> says"
    " so; its `deployment_window` is a rule beside that; with `bake_minutes` its OnSuccess asks the"
    " build tap-pipeline-bake-<env>, and no other condition stands anywhere",
)
def environments_are_protected(delivery: Delivery) -> Iterator[tuple[str, str]]:
    stages = {stage.get("Name"): stage for stage in delivery.pipeline.stages}
    for environment in delivery.intended.environments:
        stage = stages.get(environment.stage, {})
        where = f"stage {environment.stage}"
        found = plain(stage.get("BeforeEntry"))
        if found != _conditions(delivery, environment):
            yield where, f"is entered by another condition: {found}"
        if stage.get("OnFailure") != (ROLLS_BACK if environment.rollback else None):
            yield where, f"ends a failure otherwise: {stage.get('OnFailure')}"
        success = plain(stage.get("OnSuccess"))
        if success != bake.condition(delivery, environment):
            yield where, f"is left by another condition: {success}"
        yield from _enters(delivery, environment)
        yield from _bakes(delivery, environment)


def _conditions(delivery: Delivery, environment: Environment) -> dict[str, Any] | None:
    rules = [entry.rule(delivery, environment)] if entry.asks(delivery, environment) else []
    if window := environment.deployment_window:
        kind = {"Category": "Rule", "Owner": "AWS", "Version": "1", "Provider": "DeploymentWindow"}
        configuration = {"Cron": window.cron, "TimeZone": window.time_zone}
        name = f"{environment.stage}Window"
        rules.append({"Name": name, "RuleTypeId": kind, "Configuration": configuration})
    return {"Conditions": [{"Result": "FAIL", "Rules": rules}]} if rules else None


def _enters(delivery: Delivery, environment: Environment) -> Iterator[tuple[str, str]]:
    """The build that is asked at the entry does what it is for, and may do no more."""
    if build := entry.build(delivery, environment):
        # TAP-426 says which role the guarded environment's may take.
        guarded = environment == delivery.intended.guarded
        beyond = [each for each in BEYOND if not (guarded and each == "sts:AssumeRole")]
        yield from _other(delivery, build, entry.commands(delivery, environment), beyond)


def _bakes(delivery: Delivery, environment: Environment) -> Iterator[tuple[str, str]]:
    """The build that watches alarms does what it is for, and may do no more."""
    if build := bake.build(delivery, environment):
        beyond = [each for each in BEYOND if each != "sts:AssumeRole"]
        yield from _other(delivery, build, bake.commands(delivery, environment), beyond)
        role = role_of(delivery.pipeline.template, build.role)
        takes = list(role.allows("sts:AssumeRole")) if role else []
        if takes != [bake.role(delivery, environment)]:
            yield build.where, f"may assume {takes}"


def _other(
    delivery: Delivery, build: Build, commands: list[str], beyond: list[str]
) -> Iterator[tuple[str, str]]:
    """How a build that is asked runs, is told or may something else."""
    if build.commands != commands:
        yield build.where, f"runs other commands: {build.commands}"
    yield from ((build.where, problem) for problem in entry.steered(build))
    role = role_of(delivery.pipeline.template, build.role)
    for right in beyond:
        if role is None or [*role.allows(right), *role.managed]:
            yield build.where, f"may {right}"


@rule(
    "TAP-442",
    why="a build or a function could lift what holds an environment, in a person's place, or take"
    " away that somebody held it",
    fix="let no role write or delete holds/ and lifts/ in the decision bucket: people's own roles"
    " do, which this repository does not make",
)
def people_lift(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for template in delivery.assembly.templates:
        for role in roles(template):
            for action in DECIDES:
                for resource in role.allows(action):
                    if _reaches_records(delivery.pipeline.template, role, resource):
                        yield role.where, f"may {action} on {resource}"


def _reaches_records(pipeline: Template, role: Role, resource: str) -> bool:
    """Does a resource of a policy stand for an object by which people hold or lift?"""
    bucket, _, objects = resource.partition("/")
    if not objects:
        return bucket == "*"
    ours = [
        (f"<{each.logical_id}.Arn>", f"arn:aws:s3:::{plain(each.properties.get('BucketName'))}")
        for each in pipeline.resources("AWS::S3::Bucket")
        if "-decisions-" in str(plain(each.properties.get("BucketName")))
    ]
    within = role.template is pipeline
    named = any((within and bucket == arn) or fnmatchcase(name, bucket) for arn, name in ours)
    return named and any(fnmatchcase(each, objects) for each in RECORDS)
