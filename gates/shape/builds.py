"""Builds run in a place that was chosen, what stands in the assembly, and their failures count."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from assembly.pipeline import builds_of
from assembly.templates import Resource
from assembly.text import plain, settings, texts
from gates.delivery import Delivery
from gates.registry import rule

IMAGES = re.compile(r"aws/codebuild/amazonlinux-(x86_64|aarch64)-standard:\d+\.\d+")
# What lets a failed command pass, or changes who or what runs it (CodeBuild user guide, "Build
# specification reference for CodeBuild").
FORGIVING = {"on-failure", "finally", "run-as", "env", "proxy", "batch"}
# What may be said about a build's environment: which variables it hands on.
HANDED_ON = {"exported-variables"}
SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}"
    r"|xox[abprs]-[\w-]{10,}|-----BEGIN|eyJ[\w-]{10,}\.eyJ|npm_\w{30,}"
)
# Bits a character: random base 64 of 32 characters has 4.5 and more, words and names below 4.
RANDOM = 4.2
# References and ARNs: names of things, which may be known.
KNOWN = re.compile(r"<[^>]*>|arn:[\w:/*<>.+=,@-]+")
LEAST_SECRET = 6
SECRET_NAMES = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|PRIVATE|CREDENTIAL|API_?KEY|ACCESS_?KEY")


@rule(
    "TAP-302",
    why="what is in the image is not AWS's, or changes from one build to the next",
    fix="use aws/codebuild/amazonlinux-…-standard with its number, pulled by CodeBuild",
)
def images_are_numbered(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for project in delivery.resources("AWS::CodeBuild::Project"):
        environment = project.properties.get("Environment", {})
        image = str(environment.get("Image"))
        pulled_by = environment.get("ImagePullCredentialsType", "CODEBUILD")
        if not IMAGES.fullmatch(image) or pulled_by != "CODEBUILD":
            yield project, image


@rule(
    "TAP-303",
    why="a privileged build is root on its host, where other builds' caches lie",
    fix="leave PrivilegedMode false: nothing here needs Docker",
)
def builds_are_not_privileged(delivery: Delivery) -> Iterator[Resource]:
    for project in delivery.resources("AWS::CodeBuild::Project"):
        if project.properties.get("Environment", {}).get("PrivilegedMode", False) is not False:
            yield project


@rule(
    "TAP-304",
    why="a buildspec from the source runs whatever a commit says, unseen by the gates",
    fix="the pipeline's own definition states the build's commands",
)
def buildspecs_are_in_the_assembly(delivery: Delivery) -> Iterator[Resource]:
    for template in delivery.templates:
        for build in builds_of(delivery.assembly, template):
            if not build.commands:
                yield build.resource


@rule(
    "TAP-305",
    why="a failed command could pass, or run somewhere else than it seems",
    fix=f"a buildspec goes without {', '.join(sorted(FORGIVING))}",
)
def failures_count(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for template in delivery.templates:
        for build in builds_of(delivery.assembly, template):
            phases = build.buildspec.get("phases", {})
            said = {*build.buildspec, *(key for phase in phases.values() for key in phase)}
            if set(build.buildspec.get("env", {})) == HANDED_ON:
                said.remove("env")
            for key in sorted(said & FORGIVING):
                yield build.resource, key


@rule(
    "TAP-306",
    why="everyone who may read the project or the template can read the secret",
    fix="keep it in Secrets Manager, and let the build that needs it read it there",
)
def nothing_secret_is_written_out(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """In no variable, buildspec, question to the approver, or property of a template."""
    for resource in delivery.resources():
        yield from ((resource.path, subject) for subject in set(_written_out(resource)))
    for where, name, kind, value in _variables(delivery):
        if kind == "PLAINTEXT" and (SECRET_NAMES.search(name) or looks_secret(value)):
            yield where, f"variable {name}"
    pipeline = delivery.pipeline
    texts = {build.where: build.buildspec for build in pipeline.builds}
    texts |= {action.where: action.configuration for action in pipeline.actions}
    for where, content in texts.items():
        if SECRETS.search(json.dumps(content)):
            yield where, "a credential"


def _written_out(resource: Resource) -> Iterator[str]:
    properties = plain(resource.properties)
    if any(SECRETS.search(text) for text in texts(properties)):
        yield "a credential"
    for name, value in settings(properties):
        literal = isinstance(value, str) and len(value) >= LEAST_SECRET and not KNOWN.search(value)
        if (
            literal
            and not name.endswith("Type")
            and SECRET_NAMES.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper())
        ):
            yield f"variable {name}"
    for name, value in properties.get("Environment", {}).get("Variables", {}).items():
        if isinstance(value, str) and looks_secret(KNOWN.sub("", value)):
            yield f"variable {name}"


def looks_secret(value: str) -> bool:
    """Does it have the form of a known credential, or the randomness of one?

    Hashes in hexadecimal, ARNs and CodePipeline's variables are neither.
    """
    if SECRETS.search(value):
        return True
    words = re.findall(r"[A-Za-z0-9+/_=-]{32,}", value)
    return any(not re.fullmatch(r"[0-9a-f-]+", word) and _entropy(word) > RANDOM for word in words)


def _entropy(word: str) -> float:
    shares = [count / len(word) for count in Counter(word).values()]
    return -sum(share * math.log2(share) for share in shares)


def _variables(delivery: Delivery) -> Iterator[tuple[str, str, str, str]]:
    """Where, name, type and value of every variable of projects and actions."""
    given: list[tuple[str, list[dict[str, Any]]]] = [
        *((build.where, build.variables) for build in delivery.pipeline.builds),
        *((action.where, list(action.variables)) for action in delivery.pipeline.actions),
    ]
    for where, variables in given:
        for each in variables:
            said = {key.lower(): str(value) for key, value in each.items()}
            yield where, said["name"], said.get("type", "PLAINTEXT"), said["value"]
