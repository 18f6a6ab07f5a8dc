"""Every action is one that was reviewed, configured as such and fed with the right artifact."""

from __future__ import annotations

from collections.abc import Iterator

from assembly.intended import Target
from assembly.pipeline import Action, Delivery
from assembly.plain import plain
from gates.shape.permissions import role_of
from gates.shape.violation import Violation

# What may stand in a stage: a kind of action, or the project that a CodeBuild action starts.
# Anything else (Lambda functions, shell commands, other pipelines) would be a way around the rest.
KNOWN = {
    "Source": {"Source/CodeStarSourceConnection", "Source/CodeCommit", "Source/S3"},
    "Build": {"tap-pipeline-synth"},
    "UpdatePipeline": {"tap-pipeline-selfmutate"},
    "Assets": {"tap-pipeline-assets"},
    "Dev": {"Deploy/CloudFormation", "tap-pipeline-smoke-dev"},
    "Promote": {"Approval/Manual"},
    "Prod": {"Deploy/CloudFormation", "tap-pipeline-smoke-prod"},
}
# Per kind, what an action's configuration may say. Left out: overrides of template parameters,
# builds in batches, other regions.
CONFIGURATION = {
    "Build/CodeBuild": {"ProjectName", "EnvironmentVariables"},
    "Deploy/CloudFormation": {
        "StackName",
        "Capabilities",
        "RoleArn",
        "ActionMode",
        "ChangeSetName",
        "TemplatePath",
    },
    "Approval/Manual": {"CustomData", "NotificationArn", "ExternalEntityLink"},
}
DECLARATION = {
    "ActionTypeId",
    "Configuration",
    "InputArtifacts",
    "Name",
    "Namespace",
    "OutputArtifacts",
    "RoleArn",
    "RunOrder",
}


def actions_are_known(delivery: Delivery) -> Iterator[Violation]:
    """No action of another kind, project, owner or configuration than those reviewed."""
    for action in delivery.actions:
        build = delivery.build_of(action)
        kind = build.name if build and action.kind == "Build/CodeBuild" else action.kind
        if kind not in KNOWN.get(action.stage, set()):
            yield Violation(
                action.where,
                f"{kind} is not what the stage {action.stage} is for",
                "remove it, or have it reviewed in gates/shape/actions.py",
            )
        if action.declaration.get("ActionTypeId", {}).get("Owner") != "AWS":
            yield Violation(action.where, "is an action of somebody else's making", "use AWS's")
        for key in sorted(_unknown_keys(action)):
            yield Violation(
                action.where, f"{key} was not reviewed", "remove it, or have it reviewed"
            )


def _unknown_keys(action: Action) -> set[str]:
    allowed = CONFIGURATION.get(action.kind, set(action.configuration))
    keys = set(action.configuration) - allowed
    declared = DECLARATION | ({"TimeoutInMinutes"} if action.kind == "Approval/Manual" else set())
    return keys | (set(action.declaration) - declared)


def actions_act_as_roles_of_the_stack(delivery: Delivery) -> Iterator[Violation]:
    """The pipeline and its actions have roles of this stack, whose rights were reviewed.

    Only what deploys acts as a role of the bootstrap.
    """
    acting = {"the pipeline": str(plain(delivery.pipeline.get("RoleArn", "")))}
    acting |= {a.where: a.role for a in delivery.actions if not a.kind.startswith("Deploy/")}
    for where, arn in acting.items():
        if role_of(delivery.pipeline_stack, arn) is None:
            yield Violation(where, f"acts as {arn or 'nobody named'}", "use a role of this stack")


def self_update_comes_first(delivery: Delivery) -> Iterator[Violation]:
    """The pipeline becomes what the commit says before it publishes or deploys anything.

    Otherwise a commit is delivered by the rules of the one before, or the pipeline stays for ever
    what someone once made of it by hand.
    """
    update = delivery.actions_in("UpdatePipeline")
    builds = [delivery.build_of(action) for action in update]
    names = [build.name if build else "?" for build in builds]
    if names != ["tap-pipeline-selfmutate"]:
        yield Violation(
            "stage UpdatePipeline", f"runs {names or 'nothing'}", "it runs tap-pipeline-selfmutate"
        )
    early = [
        action
        for action in delivery.actions
        if action.stage in ("Assets", "Dev", "Promote", "Prod")
        and (not update or action.position[0] <= update[0].position[0])
    ]
    for action in early:
        yield Violation(action.where, "runs before the pipeline updated itself", "move it after")


def artifacts_are_the_commits(delivery: Delivery) -> Iterator[Violation]:
    """Each action gets the source or the assembly of this execution, not something in between."""
    source = next((a for a in delivery.actions if a.kind.startswith("Source/")), None)
    synth = next((a for a in delivery.actions if a.stage == "Build"), None)
    if source is None or synth is None or len(source.outputs) != 1 or len(synth.outputs) != 1:
        yield Violation("stages Source and Build", "make no artifact each", "restore them")
        return
    for action in delivery.actions[1:]:
        wanted = _wanted(action, source.outputs, synth.outputs)
        if action.inputs != wanted:
            yield Violation(
                action.where,
                f"works on {action.inputs} where {wanted} was synthesized and tested",
                "hand on the artifacts of Source and Synth unchanged",
            )


def _wanted(action: Action, source: list[str], synth: list[str]) -> list[str]:
    if action.stage == "Build" or action.name == "Smoke":
        return source
    if action.stage in ("UpdatePipeline", "Assets") or "TemplatePath" in action.configuration:
        return synth
    return []


def deployments_are_whole(delivery: Delivery) -> Iterator[Violation]:
    """Every stack synthesized for an environment is prepared, then executed, with its own roles.

    And nothing else is: no other template, and no other way than by a change set.
    """
    for target in delivery.intended.targets:
        deploys = [a for a in delivery.actions_in(target.stage) if a.kind.startswith("Deploy/")]
        yield from _of_the_right_account(delivery, target, deploys)
        stacks = [
            stack
            for stack in delivery.stacks
            if stack.account == target.account and stack.name.startswith("tap-")
        ]
        wanted = [pair for stack in stacks for pair in _pair(stack.name, stack.file)]
        for action in deploys:
            if _summary(action) not in wanted:
                yield Violation(
                    action.where,
                    f"deploys {_summary(action)}, which is not made for {target.stage}",
                    "remove it",
                )
        for stack in stacks:
            found = [_summary(action) for action in deploys if _is_of(action, stack.name)]
            if found != _pair(stack.name, stack.file):
                yield Violation(
                    f"stage {target.stage}",
                    f"does not deploy {stack.name} from {stack.file}",
                    "each stack has an action Prepare, then an action Deploy",
                )


CHANGE_SET = "PipelineChange"


def _pair(stack: str, file: str) -> list[tuple[str, ...]]:
    """What the two actions of a stack say: prepare a change set from a template, execute it."""
    return [
        (stack, "CHANGE_SET_REPLACE", CHANGE_SET, file),
        (stack, "CHANGE_SET_EXECUTE", CHANGE_SET, ""),
    ]


def _summary(action: Action) -> tuple[str, ...]:
    configuration = action.configuration
    keys = ("StackName", "ActionMode", "ChangeSetName", "TemplatePath")
    *texts, path = (str(configuration.get(key, "")) for key in keys)
    return (*texts, path.partition("::")[2])


def _is_of(action: Action, stack: str) -> bool:
    return action.configuration.get("StackName") == stack


def _of_the_right_account(
    delivery: Delivery, target: Target, deploys: list[Action]
) -> Iterator[Violation]:
    roles = delivery.intended.bootstrap_role
    for action in deploys:
        executes = action.configuration.get("ActionMode") == "CHANGE_SET_EXECUTE"
        expected = {
            "the action's role": (action.role, roles(target.account, "deploy")),
            "CloudFormation's role": (
                action.configuration.get("RoleArn"),
                None if executes else roles(target.account, "cfn-exec"),
            ),
        }
        for what, (found, wanted) in expected.items():
            if found != wanted:
                yield Violation(
                    action.where, f"{what} is {found}, not {wanted}", "use the bootstrap's role"
                )


def stacks_are_where_they_belong(delivery: Delivery) -> Iterator[Violation]:
    """The pipeline is in the tools account and, as prod, protected from deletion; no stack strays.

    A stack for another account would be deployed by nobody's rules.
    """
    intended = delivery.intended
    accounts = {"tap-pipeline": intended.tools}
    accounts |= {f"tap-{target.environment}": target.account for target in intended.targets}
    for stack in delivery.stacks:
        known = set(accounts.values()) if stack.name not in accounts else {accounts[stack.name]}
        if stack.account not in known:
            yield Violation(stack.name, f"is for account {stack.account}", "deploy it nowhere else")
        if stack.name in ("tap-pipeline", "tap-prod") and not stack.protected:
            yield Violation(
                stack.name, "can be deleted by one call", "set termination_protection=True"
            )
