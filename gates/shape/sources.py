"""Only a push to the configured branch of the configured repository starts the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assembly.pipeline import PIPELINE_TYPE, PROJECT_TYPE
from assembly.templates import Resource
from assembly.text import listed, plain, references
from gates.delivery import Delivery
from gates.registry import rule
from settings import CodeCommitSource, ConnectionSource, S3Source, Source

# What starts something on a schedule or an event.
STARTERS = ("AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::Pipes::Pipe")


@rule(
    "TAP-416",
    why="what is delivered would not be the configured branch of the configured repository",
    fix="one source action takes what cdk.json says, and nothing else",
)
def source_is_the_configured_one(delivery: Delivery) -> Iterator[tuple[str, str]]:
    actions = [each for each in delivery.pipeline.actions if each.kind.startswith("Source/")]
    kind, wanted = _wanted(delivery.intended.source)
    if len(actions) != 1:
        yield "stage Source", f"has {len(actions)} sources"
    for action in actions:
        if (action.kind, action.configuration) != (kind, wanted):
            yield action.where, f"takes {action.kind} {action.configuration}, not {kind} {wanted}"


def _wanted(source: Source) -> tuple[str, dict[str, Any]]:
    match source:
        case CodeCommitSource():
            return "Source/CodeCommit", {
                "RepositoryName": source.repository,
                "BranchName": source.branch,
                "PollForSourceChanges": False,
            }
        case S3Source():
            return "Source/S3", {
                "S3Bucket": source.bucket,
                "S3ObjectKey": source.key,
                "PollForSourceChanges": True,
            }
        case ConnectionSource():
            return "Source/CodeStarSourceConnection", {
                "ConnectionArn": source.connection_arn,
                "FullRepositoryId": source.repository,
                "BranchName": source.branch,
                "DetectChanges": False,
            }


@rule(
    "TAP-417",
    why="the pipeline, or a build of it, would run without a push to the configured branch",
    fix="one trigger, or for CodeCommit one event rule, names the branch of cdk.json; no schedule, "
    "pipe or other rule starts a pipeline or a build",
)
def only_the_branch_starts_it(delivery: Delivery) -> Iterator[Resource | tuple[str, str]]:
    source = delivery.intended.source
    for trigger in delivery.pipeline.properties.get("Triggers", []):
        git = trigger.get("GitConfiguration", {})
        branches = [push.get("Branches") for push in git.get("Push", [])]
        configured = isinstance(source, ConnectionSource) and branches == [
            {"Includes": [source.branch]}
        ]
        if not configured or "PullRequest" in git:
            yield "the pipeline's triggers", str(git)
    for starter in delivery.resources(*STARTERS):
        if _starts_a_delivery(starter) and not _is_the_repositorys_event(starter, source):
            yield starter


def _starts_a_delivery(starter: Resource) -> bool:
    """Does it name a pipeline or a build, of its template or by an ARN?"""
    properties = starter.properties
    targets = [*listed(properties.get("Targets")), properties.get("Target")]
    kinds = (PIPELINE_TYPE, PROJECT_TYPE)
    ours = {each.logical_id for each in starter.template.resources(*kinds)}
    text = str(plain(targets))
    return bool(ours & set(references(targets))) or any(
        f":{service}" in text for service in ("codepipeline", "codebuild")
    )


def _is_the_repositorys_event(starter: Resource, source: Source) -> bool:
    """CodeCommit has no triggers: an event of the branch starts the pipeline."""
    pattern = plain(starter.properties.get("EventPattern", {}))
    return (
        isinstance(source, CodeCommitSource)
        and "ScheduleExpression" not in starter.properties
        and pattern.get("source") == ["aws.codecommit"]
        and pattern.get("detail", {}).get("referenceName") == [source.branch]
        and all(str(arn).endswith(f":{source.repository}") for arn in pattern["resources"])
    )
