"""How an environment's stage is entered, and what becomes of a release that fails in it.

A stage whose environment rolls back does three things by itself. When it fails, it deploys again
the last release that succeeded in it (`OnFailure`). It lets nothing in while it is held, which is
so from the first rollback on until somebody lifts it (`BeforeEntry`, the build of `holding`). It is
not tried again first: a failed deployment has taken itself back already, and a smoke test that
passes the second time is a fault of the release or of the test that a retry would hide.

A deployment window is a rule of the same condition, for any environment. Result FAIL: a stage that
is not entered fails, and is entered when somebody retries it; SKIP would pass it by.

Sources: CodePipeline user guide, "Configure a stage for automatic rollback", "Configure conditions
for a stage", "CodeBuild rule", "DeploymentWindow".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline

from settings import DeploymentWindow, Environment

# Of rules, unique in a pipeline (CDK, `RuleProps.name`): the stage's name comes first.
NOT_HELD: Final = "NotHeld"
_WINDOW: Final = "Window"
_ROLLS_BACK: Final = {"Result": "ROLLBACK"}


def protect(
    pipeline: codepipeline.Pipeline,
    environments: Iterable[Environment],
    *,
    held: codebuild.IProject,
) -> None:
    """Sets the conditions of the environments' stages. held: the project that `holding` makes.

    Call it when the pipeline is built: `pipelines.CodePipeline` has no properties for them, and
    CDK gives a pipeline's role no rights for its rules.
    """
    resource = pipeline.node.default_child
    if not isinstance(resource, cdk.CfnResource):
        raise TypeError(f"{pipeline.node.path} has no AWS::CodePipeline::Pipeline")
    names = [stage.stage_name for stage in pipeline.stages]
    source = pipeline.stages[0].actions[0].action_properties.outputs
    if not source or source[0].artifact_name is None:
        raise ValueError(f"{pipeline.node.path} takes no source")
    for environment in environments:
        stage = f"Stages.{names.index(environment.stage)}"
        rules = list(_rules(environment, held.project_name, source[0].artifact_name))
        if rules:
            entry = {"Conditions": [{"Result": "FAIL", "Rules": rules}]}
            resource.add_property_override(f"{stage}.BeforeEntry", entry)
        if environment.rollback:
            resource.add_property_override(f"{stage}.OnFailure", _ROLLS_BACK)


def _rules(environment: Environment, project: str, source: str) -> Iterable[dict[str, Any]]:
    if environment.rollback:
        yield _not_held(environment.stage, project, source)
    if environment.deployment_window:
        yield _window(environment.stage, environment.deployment_window)


def _not_held(stage: str, project: str, source: str) -> dict[str, Any]:
    """The build runs and ends well, or nobody enters."""
    variables = {"TAP_STAGE": stage, "TAP_EXECUTION": "#{codepipeline.PipelineExecutionId}"}
    told = [{"name": name, "type": "PLAINTEXT", "value": each} for name, each in variables.items()]
    return {
        **_rule(f"{stage}{NOT_HELD}", "CodeBuild"),
        "Configuration": {"ProjectName": project, "EnvironmentVariables": json.dumps(told)},
        "InputArtifacts": [{"Name": source}],
    }


def _window(stage: str, window: DeploymentWindow) -> dict[str, Any]:
    return {
        **_rule(f"{stage}{_WINDOW}", "DeploymentWindow"),
        "Configuration": {"Cron": window.cron, "TimeZone": window.time_zone},
    }


def _rule(name: str, provider: str) -> dict[str, Any]:
    kind = {"Category": "Rule", "Owner": "AWS", "Provider": provider, "Version": "1"}
    return {"Name": name, "RuleTypeId": kind}
