"""The rules as the hook gets them: one file, with what cdk.json says written in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from accounts.guardrail.target import Target
from assembly.intended import GUARDS, PREVIEW, PROMOTE
from settings import (
    CodeCommitSource,
    ConnectionSource,
    Environment,
    S3Source,
    Settings,
    Source,
)

_GATES_RULES: Final = "gates/tools/tap.guard"
_WRITTEN: Final = Path(".build/guardrail-rules")
# How the stage of the approval is entered: whatever happens, or, where the settings say so, only
# while the page says that something would change.
_ALWAYS_ENTERED: Final = "BeforeEntry !exists <<a condition that may skip the approval>>"
_ENTERED: Final = """BeforeEntry.Conditions[*] {
      Result == 'SKIP'
      Rules[1] !exists <<a second rule, which may fail and so skip the stage>>
      Rules[0].RuleTypeId.Provider == 'VariableCheck' <<another rule than the page's>>
      Rules[0].Configuration.Variable == '#{Preview.changes}' <<skipped for another reason>>
      Rules[0].Configuration.Value == 'false' <<skipped for another reason>>
      Rules[0].Configuration.Operator == 'NE' <<skipped for another reason>>
    }"""
_BEFORE: Final = ("Source", "Compare", GUARDS, "Build", "UpdatePipeline", "Assets")


def rules(checkout: Path, settings: Settings, target: Target) -> str:
    """The gates' rules, then those of the account, for these settings."""
    text = (checkout / _GATES_RULES).read_text() + target.rules.read_text()
    stages = [
        *(*_BEFORE, *(each.stage for each in settings.environments[:-1])),
        *(PREVIEW, PROMOTE, settings.guarded.stage),
    ]
    provider, configuration = _source(settings.source)
    for placeholder, value in {
        "TOOLS_ACCOUNT": settings.tools_account,
        "GUARDED_ACCOUNT": settings.guarded.account,
        "GUARDED_NAME": settings.guarded.name,
        "__STAGES": _stages(stages),
        "__PROMOTE": str(stages.index(PROMOTE)),
        "__PROTECTED": _protected(settings.guarded, len(stages) - 1),
        "__BAKED": _baked(stages, settings),
        "__PREVIEW": str(stages.index(PREVIEW)),
        "__GUARDED": str(len(stages) - 1),
        "__LAST": settings.guarded.stage,
        "__ENTERED": _ENTERED if settings.skip_approval_without_changes else _ALWAYS_ENTERED,
        "__PROVIDER": provider,
        "__CONFIGURATION": _literal(configuration),
    }.items():
        text = text.replace(placeholder, value)
    return text


def write_rules(checkout: Path, settings: Settings, target: Target) -> Path:
    """Writes them below the checkout's .build, and says where."""
    path = checkout / _WRITTEN / target.rules.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rules(checkout, settings, target))
    return path


def _stages(names: list[str]) -> str:
    lines = [
        f"Stages[{index}].Name == '{name}' <<stage {name} is not where it belongs>>"
        for index, name in enumerate(names)
    ]
    return "\n    ".join([*lines, f"Stages[{len(names)}] !exists <<a stage after the last one>>"])


def _protected(environment: Environment, index: int) -> str:
    """What its stage must have, where the settings ask for it."""
    if not environment.rollback:
        return "Stages exists"
    return f"Stages[{index}].OnFailure.Result == 'ROLLBACK' <<a failed release would stay>>"


def _baked(stages: list[str], settings: Settings) -> str:
    """Which stages ask something after their success, and what becomes of those that fail that."""
    baked = {each.stage for each in settings.environments if each.bake_minutes}
    return "\n    ".join(
        f"Stages[{index}].OnSuccess.Conditions[*].Result == 'ROLLBACK' <<a bad release would stay>>"
        if name in baked
        else f"Stages[{index}].OnSuccess !exists <<a condition that may overrule a stage>>"
        for index, name in enumerate(stages)
    )


def _source(source: Source) -> tuple[str, dict[str, str]]:
    """The provider of the source's action, and what says where it takes what from."""
    match source:
        case ConnectionSource():
            return "CodeStarSourceConnection", {
                "ConnectionArn": source.connection_arn,
                "FullRepositoryId": source.repository,
                "BranchName": source.branch,
            }
        case CodeCommitSource():
            return "CodeCommit", {
                "RepositoryName": source.repository,
                "BranchName": source.branch,
            }
        case S3Source():
            return "S3", {"S3Bucket": source.bucket, "S3ObjectKey": source.key}


def _literal(configuration: dict[str, str]) -> str:
    """Written out, so that a reference in its place is refused too."""
    return "\n      ".join(
        f"{key} == '{value}' <<a source that is not the configured one>>"
        for key, value in configuration.items()
    )
