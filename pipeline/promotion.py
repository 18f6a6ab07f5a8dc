"""What stands before the guarded environment: the stages "Preview" and "Promote".

Preview makes the page that says what the release would do there (`pipeline/previewing.py`); Promote
asks a person, who reads it. Neither belongs to the environment's stage: rolling that one back runs
it again, and would then wait for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import pipelines

from pipeline import previewing
from settings import Environment

STAGE: Final = "Promote"
APPROVAL: Final = "Approve"


@dataclass(frozen=True)
class Question:
    """What a person is asked. revision: a variable of the source, `#{…}`. page: the address of what
    they decide from. tested: the environment before the guarded one."""

    revision: str
    page: str
    tested: Environment
    guarded: Environment

    @property
    def text(self) -> str:
        """With its variables far below 1,000 characters ("Quotas in AWS CodePipeline", action
        configuration value): promotion.variables keeps its part of it short."""
        where = f"{self.guarded.name} ({self.guarded.account})"
        return (
            f"Deploy {self.revision} to {where}? Its smoke tests passed in {self.tested.name}. "
            f"{previewing.variable('said')} Digest {previewing.variable('digest')}."
        )


def approval_step(question: Question) -> pipelines.ManualApprovalStep:
    """The approval, which stands alone in its stage."""
    return pipelines.ManualApprovalStep(APPROVAL, comment=question.text, review_url=question.page)


def limit_wait(pipeline: codepipeline.Pipeline, *, minutes: int) -> None:
    """Rejects the approval when nobody answered within `minutes`.

    Call it when the pipeline is built: `ManualApprovalStep` has no property for it.
    """
    stage = _stage(pipeline)
    actions = pipeline.stages[stage].actions
    action = [action.action_properties.action_name for action in actions].index(APPROVAL)
    _set(pipeline, f"Stages.{stage}.Actions.{action}.TimeoutInMinutes", minutes)


def skip_without_changes(pipeline: codepipeline.Pipeline) -> None:
    """Enters the stage unless the page says that nothing would change.

    A condition whose rule fails skips the stage, so the rule is that there is something ("Configure
    conditions for a stage" and "VariableCheck", CodePipeline user guide). That the variable had no
    value would skip it as well, so the build that makes the page fails rather than end without one.

    Call it when the pipeline is built: `pipelines.CodePipeline` has no property for it.
    """
    rule = {
        "Name": "SomethingChanges",
        "RuleTypeId": {
            "Category": "Rule",
            "Owner": "AWS",
            "Provider": "VariableCheck",
            "Version": "1",
        },
        "Configuration": {
            "Variable": previewing.variable("changes"),
            "Value": "false",
            "Operator": "NE",
        },
    }
    condition = {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]}
    _set(pipeline, f"Stages.{_stage(pipeline)}.BeforeEntry", condition)


def _stage(pipeline: codepipeline.Pipeline) -> int:
    return [stage.stage_name for stage in pipeline.stages].index(STAGE)


def _set(pipeline: codepipeline.Pipeline, path: str, value: Any) -> None:
    resource = pipeline.node.default_child
    if not isinstance(resource, cdk.CfnResource):
        raise TypeError(f"{pipeline.node.path} has no AWS::CodePipeline::Pipeline")
    resource.add_property_override(path, value)
