"""How an environment's stage is entered, and what becomes of a release that fails in it.

A stage whose environment rolls back does three things by itself. When it fails, it deploys again
the last release that succeeded in it (`OnFailure`). It lets nothing in while it is held, which is
so from the first rollback on until somebody lifts it (`BeforeEntry`, the build of `entering`). It
is not tried again first: a failed deployment has taken itself back already, and a smoke test that
passes the second time is a fault of the release or of the test that a retry would hide.

The stage of the guarded environment asks that build whether it rolls back or not, since the build
asks there besides whether this is what was approved.

With a bake time it asks a second build once its smoke tests have passed, and comes back where that
saw an alarm go off (`OnSuccess`, the build of `baking`; the results that there are after a success
are rollback and failure, "How do stage conditions work?").

A deployment window is a rule of the same condition, for any environment. Result FAIL: a stage that
is not entered fails, and is entered when somebody retries it; SKIP would pass it by.

Sources: CodePipeline user guide, "Configure a stage for automatic rollback", "Configure conditions
for a stage", "CodeBuild rule", "DeploymentWindow".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline

from settings import DeploymentWindow, Environment

# Of rules, unique in a pipeline (CDK, `RuleProps.name`): the stage's name comes first.
ENTRY: Final = "Entry"
BAKE: Final = "Bake"
_WINDOW: Final = "Window"
_ROLLS_BACK: Final = {"Result": "ROLLBACK"}


def protect(
    pipeline: codepipeline.Pipeline,
    environments: Iterable[Environment],
    *,
    asks: Mapping[str, dict[str, Any]],
    bakes: Mapping[str, dict[str, Any]],
) -> None:
    """Sets the conditions of the environments' stages. asks, bakes: by the stages that ask a build
    at their entry, and after their success, what `entering` and `baking` say of the rule.

    Call it when the pipeline is built: `pipelines.CodePipeline` has no properties for them, and
    CDK gives a pipeline's role no rights for its rules.
    """
    resource = pipeline.node.default_child
    if not isinstance(resource, cdk.CfnResource):
        raise TypeError(f"{pipeline.node.path} has no AWS::CodePipeline::Pipeline")
    names = [stage.stage_name for stage in pipeline.stages]
    for environment in environments:
        stage = f"Stages.{names.index(environment.stage)}"
        rules = list(_rules(environment, asks.get(environment.stage)))
        if rules:
            entry = {"Conditions": [{"Result": "FAIL", "Rules": rules}]}
            resource.add_property_override(f"{stage}.BeforeEntry", entry)
        if baked := bakes.get(environment.stage):
            rule = {**_rule(f"{environment.stage}{BAKE}", "CodeBuild"), **baked}
            success = {"Conditions": [{**_ROLLS_BACK, "Rules": [rule]}]}
            resource.add_property_override(f"{stage}.OnSuccess", success)
        if environment.rollback:
            resource.add_property_override(f"{stage}.OnFailure", _ROLLS_BACK)


def _rules(environment: Environment, asks: dict[str, Any] | None) -> Iterable[dict[str, Any]]:
    if asks:
        yield {**_rule(f"{environment.stage}{ENTRY}", "CodeBuild"), **asks}
    if environment.deployment_window:
        yield _window(environment.stage, environment.deployment_window)


def _window(stage: str, window: DeploymentWindow) -> dict[str, Any]:
    return {
        **_rule(f"{stage}{_WINDOW}", "DeploymentWindow"),
        "Configuration": {"Cron": window.cron, "TimeZone": window.time_zone},
    }


def _rule(name: str, provider: str) -> dict[str, Any]:
    kind = {"Category": "Rule", "Owner": "AWS", "Provider": provider, "Version": "1"}
    return {"Name": name, "RuleTypeId": kind}
