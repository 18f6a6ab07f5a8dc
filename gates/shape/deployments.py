"""Every environment gets all of its stacks, as they were judged, by its own account's roles."""

from __future__ import annotations

from collections.abc import Iterator

from assembly.intended import stack_name
from assembly.pipeline import DEPLOYS, Action
from assembly.templates import NESTED, Template
from gates.delivery import Delivery
from gates.registry import rule
from gates.shape.guarding import GATES
from settings import Environment

# How CDK Pipelines deploys a stack: it prepares a change set, then executes it.
PREPARES, EXECUTES = "CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"


@rule(
    "TAP-412",
    why="the environment would get another template than its own, a part of its stacks only, or "
    "get them by another account's roles",
    fix="each stack of the stage is prepared from its own template, then executed, with the roles "
    "of its account's bootstrap; let CDK Pipelines add the actions",
)
def deployments_are_whole(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for environment in delivery.intended.environments:
        actions = delivery.pipeline.actions_in(environment.stage)
        deploys = [action for action in actions if action.kind == DEPLOYS]
        stacks = [t for t in delivery.assembly.in_account(environment.account) if not t.nested]
        wanted = [step for stack in stacks for step in _steps(delivery, environment, stack)]
        found = [_step(action) for action in deploys]
        for action in deploys:
            if _step(action) not in wanted:
                yield action.where, f"deploys {' '.join(filter(None, _step(action)))}"
        for stack in stacks:
            steps = _steps(delivery, environment, stack)
            if [step for step in found if step in steps] != steps:
                yield f"stage {environment.stage}", f"does not deploy {stack.name}"


def _steps(
    delivery: Delivery, environment: Environment, stack: Template
) -> list[tuple[str, str, str, str, str]]:
    """Stack, mode, template, the action's role and CloudFormation's, of the two actions."""
    roles = delivery.intended.bootstrap_role
    deploy, execution = (roles(environment.account, kind) for kind in ("deploy", "cfn-exec"))
    return [
        (stack.name, PREPARES, stack.file, deploy, execution),
        (stack.name, EXECUTES, "", deploy, ""),
    ]


def _step(action: Action) -> tuple[str, str, str, str, str]:
    said = {key: str(value) for key, value in action.configuration.items()}
    template = said.get("TemplatePath", "").partition("::")[2]
    mode, role = said.get("ActionMode", ""), said.get("RoleArn", "")
    return said.get("StackName", ""), mode, template, action.role, role


@rule(
    "TAP-414",
    why="a stack for an account of no environment, or a template of no stack, is deployed by "
    "nobody's rules",
    fix="an environment's stacks are in its account and carry its name; the pipeline's is in tools",
)
def stacks_are_where_they_belong(delivery: Delivery) -> Iterator[tuple[str, str]]:
    intended = delivery.intended
    accounts = {delivery.pipeline.template.name: intended.tools}
    accounts |= {stack_name(each): each.account for each in intended.environments}
    for template in delivery.assembly.templates:
        name = template.stack.name if template.stack else template.name
        known = {accounts[name]} if name in accounts else set(accounts.values()) - {intended.tools}
        if template.account not in known:
            yield name, f"is for account {template.account or 'nobody knows which'}"
    for resource in delivery.assembly.resources(NESTED):
        if delivery.assembly.nested_in(resource) is None:
            yield resource.path, "deploys a template that is not in the assembly"


@rule(
    "TAP-415",
    why="what is deployed would not be what was synthesized and judged, what runs as tests not "
    "what was pushed",
    fix="hand the artifacts of Source and Gates on unchanged: the pipeline's update, assets and "
    "deployments work on the judged assembly, smoke tests on the source",
)
def artifacts_are_the_commits(delivery: Delivery) -> Iterator[tuple[str, str]]:
    actions = delivery.pipeline.actions
    source = [name for a in actions if a.kind.startswith("Source/") for name in a.outputs]
    judged = [name for a in actions if a.where == GATES for name in a.outputs]
    if len(source) != 1 or len(judged) != 1:
        yield f"stage Source and {GATES}", f"make {source} and {judged}, not one artifact each"
    for action in actions:
        build = delivery.pipeline.build_of(action)
        publishes = action.stage in ("UpdatePipeline", "Assets")
        if ("TemplatePath" in action.configuration or publishes) and action.inputs != judged:
            yield action.where, f"works on {action.inputs}, not on {judged}"
        smoke = build is not None and build.name.startswith("tap-pipeline-smoke-")
        if smoke and action.inputs != source:
            yield action.where, f"works on {action.inputs}, not on {source}"
