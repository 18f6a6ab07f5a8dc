"""The guarded environment is touched last: after every other one was deployed and tested, and a
person said yes.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from assembly.intended import GUARDS, PIPELINE, PROMOTE, stack_name
from assembly.pipeline import APPROVES, PIPELINE_TYPE, PROJECT_TYPE, Action
from assembly.templates import Resource
from gates.delivery import Delivery
from gates.registry import rule
from gates.shape.roles import role_of
from settings import Environment

# (CloudFormation template reference, AWS::CodePipeline::Pipeline StageDeclaration.) A blocker, a
# condition or a result other than these could pass a stage that did not do its work; TAP-421 and
# TAP-424 say which conditions the stages Guards and Promote have, TAP-441 which those of the
# environments have.
STAGE_KEYS = {"Name", "Actions", "OnFailure"}
AFTER_SUCCESS = {"ROLLBACK"}
RESULTS = {"ROLLBACK", "FAIL"}
# arn:partition:iam::account:role/name
IN_ARN = 5


@rule(
    "TAP-404",
    why="what delivers beside the one pipeline delivers by other rules, or by none",
    fix=f"deliver through {PIPELINE} alone, whose name is for life; builds belong to its stack",
)
def one_pipeline(delivery: Delivery) -> Iterator[Resource | tuple[str, str]]:
    kinds = (PIPELINE_TYPE, "AWS::CodePipeline::CustomActionType", "AWS::CodePipeline::Webhook")
    for resource in delivery.resources(*kinds, PROJECT_TYPE):
        ours = resource.template is delivery.pipeline.template
        first = resource.properties is delivery.pipeline.properties
        if not (ours and (first or resource.type == PROJECT_TYPE)):
            yield resource
    if delivery.pipeline.properties.get("Name") != PIPELINE:
        yield "the pipeline", f"is not called {PIPELINE}"


@rule(
    "TAP-403",
    why="the stage may pass without its actions having passed: a retry runs failed smoke tests "
    "until they pass, a condition skips what it should protect",
    fix="a stage has actions and an OnFailure of ROLLBACK or FAIL, nothing else; conditions are "
    f"that of {GUARDS}, where the settings say so that of {PROMOTE}, those at the entry of "
    "environments, where what is not met fails the stage, and where the settings say so that after "
    "their success, where what is not met rolls the stage back",
)
def stages_do_not_skip(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for stage in delivery.pipeline.stages:
        result = stage.get("OnFailure", {})
        known = {*STAGE_KEYS, *(["BeforeEntry"] if _may_ask(delivery, stage) else [])}
        known |= {"OnSuccess"} if _bakes(delivery, stage) else set()
        further = {*(set(stage) - known), *(set(result) - {"Result"})}
        if result and result.get("Result") not in RESULTS:
            further.add(f"OnFailure {result.get('Result')}")
        if further:
            yield f"stage {stage.get('Name')}", ", ".join(sorted(further))


def _may_ask(delivery: Delivery, stage: dict[str, Any]) -> bool:
    """May the stage have conditions at its entry?"""
    name, intended = stage.get("Name"), delivery.intended
    skips = (GUARDS, PROMOTE) if intended.settings.skip_approval_without_changes else (GUARDS,)
    environments = {each.stage for each in intended.environments}
    return name in skips or (name in environments and results(stage, "BeforeEntry") == {"FAIL"})


def _bakes(delivery: Delivery, stage: dict[str, Any]) -> bool:
    """May the stage have conditions after its success?"""
    baked = {each.stage for each in delivery.intended.environments if each.bake_minutes}
    return stage.get("Name") in baked and results(stage, "OnSuccess") == AFTER_SUCCESS


def results(stage: dict[str, Any], key: str) -> set[str]:
    """What becomes of a stage whose conditions of a kind are not met."""
    return {str(each.get("Result")) for each in stage.get(key, {}).get("Conditions", [])}


def deployments(delivery: Delivery, environment: Environment) -> list[Action]:
    """The actions that put something into an environment, its smoke tests excepted."""
    return [
        action
        for action in delivery.pipeline.actions
        if reaches(delivery, action, environment) and not _is_smoke(delivery, action, environment)
    ]


def reaches(delivery: Delivery, action: Action, environment: Environment) -> bool:
    """Can the action change anything in the environment's account?

    Yes when it has or passes on a role there, deploys the environment's stack, or runs a build that
    may assume a role there. Publishing assets does not count: nothing runs until a stack refers to
    it. Nor does looking, as a role that executes nothing: TAP-426.
    """
    configuration = action.configuration
    own = (action.role, str(configuration.get("RoleArn", "")))
    if any(f":{environment.account}:" in arn for arn in own):
        return True
    if configuration.get("StackName") == stack_name(environment):
        return True
    build = delivery.pipeline.build_of(action)
    role = role_of(delivery.pipeline.template, build.role) if build else None
    if role is None:
        return build is not None
    harmless = [
        delivery.intended.bootstrap_role(environment.account, kind)
        for kind in ("file-publishing", "preview")
    ]
    return any(
        _in_account(resource, environment.account)
        for resource in role.allows("sts:AssumeRole")
        if resource not in harmless
    )


def _in_account(resource: str, account: str) -> bool:
    *_, owner, _ = resource.split(":") if resource.count(":") >= IN_ARN else ("*", "")
    return fnmatchcase(account, owner)


def _is_smoke(delivery: Delivery, action: Action, environment: Environment) -> bool:
    build = delivery.pipeline.build_of(action)
    return build is not None and build.name == f"tap-pipeline-smoke-{environment.name}"


def smoke_of(delivery: Delivery, environment: Environment) -> list[Action]:
    """The actions that run an environment's smoke tests, wherever they stand."""
    return [each for each in delivery.pipeline.actions if _is_smoke(delivery, each, environment)]


@rule(
    "TAP-402",
    why="the guarded environment would get what another one was not deployed and tested with",
    fix="what touches the guarded environment stands in a stage after those of all the others",
)
def guarded_comes_last(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for environment in delivery.intended.before:
        smoke = smoke_of(delivery, environment)
        first = [*deployments(delivery, environment), *smoke]
        for action in deployments(delivery, delivery.intended.guarded):
            if not smoke or action.position[0] <= max(each.position[0] for each in first):
                yield action.where, f"before {environment.name} was deployed and tested"


@rule(
    "TAP-401",
    why="the guarded environment would be touched without a person having said yes to what the "
    "smoke tests of the others had passed",
    fix="the approval has a stage of its own, after the environments that are tested first and "
    "before the guarded one",
)
def guarded_waits_for_approval(delivery: Delivery) -> Iterator[tuple[str, str]]:
    tested = max(_last_smoke(delivery, each) for each in delivery.intended.before)
    approvals = [
        action.position[0]
        for action in delivery.pipeline.actions
        if action.kind == APPROVES and action.position[0] > tested
    ]
    for action in deployments(delivery, delivery.intended.guarded):
        if not approvals or action.position[0] <= min(approvals):
            yield action.where, "no approval before it that comes after the other smoke tests"


def _last_smoke(delivery: Delivery, environment: Environment) -> int:
    """The stage's index; without smoke tests one after which there is no approval."""
    never = len(delivery.pipeline.stages)
    return max((each.position[0] for each in smoke_of(delivery, environment)), default=never)


@rule(
    "TAP-406",
    why="what was deployed would be passed on, or left there, without having been tested",
    fix="the last action of each environment's stage, alone in its run order, is its Smoke",
)
def environments_are_smoke_tested(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for environment in delivery.intended.environments:
        smoke = [e for e in smoke_of(delivery, environment) if e.stage == environment.stage]
        deployed = [action.position for action in deployments(delivery, environment)]
        if not smoke:
            yield f"stage {environment.stage}", "has no smoke tests"
        elif not deployed or smoke[-1].position <= max(deployed):
            yield smoke[-1].where, "runs before or beside the deployment that it is to test"
