"""Only a push to the configured branch of the configured repository starts the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assembly.pipeline import Delivery
from assembly.plain import plain
from gates.shape.violation import Violation
from settings import CodeCommitSource, ConnectionSource, S3Source, Source

# What starts the pipeline on a schedule, on an event or by a call of a function of ours.
STARTERS = (
    "AWS::Events::Rule",
    "AWS::Scheduler::Schedule",
    "AWS::Pipes::Pipe",
    "AWS::CodePipeline::Webhook",
)
DOCUMENTATION = {"docs/**", "*.md", "**/*.md"}


def source_is_the_configured_one(delivery: Delivery) -> Iterator[Violation]:
    """One source action, on the repository and branch of cdk.json."""
    actions = [action for action in delivery.actions if action.kind.startswith("Source/")]
    kind, wanted = _wanted(delivery.intended.source)
    if len(actions) != 1:
        yield Violation("stage Source", f"has {len(actions)} sources", "it has one")
    for action in actions:
        found = action.configuration
        if action.kind != kind or any(found.get(key) != value for key, value in wanted.items()):
            yield Violation(
                action.where, f"takes {action.kind} {found}", f"cdk.json says {kind} {wanted}"
            )
        if set(found) - set(wanted):
            yield Violation(action.where, f"says {sorted(set(found) - set(wanted))}", "remove it")


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


def only_the_branch_starts_it(delivery: Delivery) -> Iterator[Violation]:
    """The one trigger is a push to the branch that changes more than documentation."""
    source = delivery.intended.source
    triggers = delivery.pipeline.get("Triggers", [])
    if isinstance(source, ConnectionSource):
        pushes = [p for t in triggers for p in t.get("GitConfiguration", {}).get("Push", [])]
        wanted = {
            "ProviderType": "CodeStarSourceConnection",
            "GitConfiguration": {"SourceActionName": "Source", "Push": pushes},
        }
        if triggers != [wanted] or len(pushes) != 1 or not _is_branch(pushes[0], source.branch):
            yield Violation(
                "the pipeline's triggers",
                f"{triggers} start it",
                f"a push to {source.branch} starts it, unless it changed only {DOCUMENTATION}",
            )
    elif triggers:
        yield Violation("the pipeline's triggers", "belong to another source", "remove them")


def _is_branch(push: dict[str, Any], branch: str) -> bool:
    paths = push.get("FilePaths", {"Excludes": []})
    return (
        set(push) <= {"Branches", "FilePaths"}
        and push.get("Branches") == {"Includes": [branch]}
        and set(paths) == {"Excludes"}
        and set(paths["Excludes"]) <= DOCUMENTATION
    )


def nothing_else_starts_it(delivery: Delivery) -> Iterator[Violation]:
    """No rule, schedule or webhook starts the pipeline or a build of it."""
    for stack in delivery.stacks:
        for logical_id, each in stack.resources(*STARTERS):
            properties = plain(each.get("Properties", {}))
            pattern = properties.get("EventPattern", {})
            if _is_the_repositorys_event(pattern, delivery.intended.source):
                continue
            if _starts(properties, each["Type"]):
                yield Violation(
                    f"{stack.name}/{logical_id}", "starts the pipeline or a build", "remove it"
                )


def _is_the_repositorys_event(pattern: Any, source: Source) -> bool:
    """CodeCommit has no triggers: an event of the branch starts the pipeline."""
    return (
        isinstance(source, CodeCommitSource)
        and pattern.get("source") == ["aws.codecommit"]
        and pattern.get("detail", {}).get("referenceName") == [source.branch]
        and all(str(arn).endswith(f":{source.repository}") for arn in pattern["resources"])
    )


def _starts(properties: dict[str, Any], resource_type: str) -> bool:
    targets = properties.get("Targets", [properties.get("Target", {})])
    # A role on a target is what CloudWatch Events needs to start something; topics need none.
    return resource_type == "AWS::CodePipeline::Webhook" or any(
        isinstance(target, dict) and (target.get("RoleArn") or ":codepipeline:" in str(target))
        for target in targets
    )
