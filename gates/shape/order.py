"""Prod is touched last: after dev was deployed and tested and a person said yes."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from assembly.intended import PIPELINE as PIPELINE_NAME
from assembly.intended import STAGES, Target
from assembly.pipeline import PIPELINE, Action, Delivery
from gates.shape.permissions import role_of
from gates.shape.violation import Violation

# (CloudFormation template reference, AWS::CodePipeline::Pipeline StageDeclaration.) A blocker, a
# condition or a result other than these could pass a stage that did not do its work.
STAGE_KEYS = {"Name", "Actions", "OnFailure"}
PIPELINE_KEYS = {
    *("ArtifactStore", "ArtifactStores", "ExecutionMode", "Name", "PipelineType"),
    *("RestartExecutionOnUpdate", "RoleArn", "Stages", "Tags", "Triggers"),
}
RESULTS = {"ROLLBACK", "FAIL"}
APPROVAL = "Approval/Manual"
# arn:partition:iam::account:role/name
IN_ARN = 5


def one_pipeline(delivery: Delivery) -> Iterator[Violation]:
    """There is one pipeline, in the pipeline's stack; another could deliver by other rules."""
    found = [
        (stack.name, logical_id)
        for stack in delivery.stacks
        for logical_id, _ in stack.resources(PIPELINE, "AWS::CodePipeline::CustomActionType")
    ]
    for stack, logical_id in found[1:]:
        yield Violation(
            f"{stack}/{logical_id}",
            "a second pipeline, or an action of somebody's own making, delivers by other rules",
            "deliver through the one pipeline of pipeline/stack.py",
        )
    if delivery.pipeline.get("Name") != PIPELINE_NAME:
        yield Violation(
            delivery.pipeline_stack.name,
            f"there is no pipeline {PIPELINE_NAME!r}",
            "names are for life: take the old one back",
        )


def stages_in_order(delivery: Delivery) -> Iterator[Violation]:
    """The stages are those that were reviewed, in that order."""
    names = tuple(stage.get("Name", "") for stage in delivery.stages)
    if names != STAGES:
        yield Violation(
            "the pipeline",
            f"its stages are {', '.join(names)}; reviewed were {', '.join(STAGES)}",
            "restore the order, or have a new one reviewed in assembly/intended.py",
        )


def stages_do_not_skip(delivery: Delivery) -> Iterator[Violation]:
    """No stage passes without its actions having passed.

    An OnFailure of RETRY runs failed smoke tests until they pass; conditions can skip a stage.
    """
    for stage in delivery.stages:
        result = stage.get("OnFailure", {})
        further = set(stage) - STAGE_KEYS
        if result:
            further |= set(result) - {"Result"}
            if result.get("Result") not in RESULTS:
                further |= {f"OnFailure {result.get('Result')}"}
        if further:
            yield Violation(
                f"stage {stage.get('Name')}",
                f"{', '.join(sorted(further))} may let the stage pass without doing its work",
                "a stage has actions and an OnFailure of ROLLBACK or FAIL",
            )


def runs_as_reviewed(delivery: Delivery) -> Iterator[Violation]:
    """V2, one execution overtaking another, started anew when the pipeline itself changed."""
    for key in sorted(set(delivery.pipeline) - PIPELINE_KEYS):
        yield Violation(
            "the pipeline",
            f"{key} was not reviewed: variables could be set, and stages held, from outside",
            "remove it, or have it reviewed in gates/shape/order.py",
        )
    wanted = {
        "PipelineType": "V2",
        "ExecutionMode": "SUPERSEDED",
        "RestartExecutionOnUpdate": True,
    }
    for key, value in wanted.items():
        found = delivery.pipeline.get(key)
        if found != value:
            yield Violation(
                "the pipeline",
                f"{key} is {found!r}: executions would be restarted, queued or held otherwise",
                f"{key} must be {value!r}",
            )


def deployments(delivery: Delivery, target: Target) -> list[Action]:
    """The actions that put something into an environment, its smoke tests excepted."""
    return [
        action
        for action in delivery.actions
        if reaches(delivery, action, target) and not _is_smoke(delivery, action, target)
    ]


def reaches(delivery: Delivery, action: Action, target: Target) -> bool:
    """Can the action change anything in the target's account?

    Yes when it has or passes on a role there, deploys the target's stack, or runs a build that may
    assume a role there. Publishing assets does not count: nothing runs until a stack refers to it.
    """
    configuration = action.configuration
    own = (action.role, str(configuration.get("RoleArn", "")))
    if any(f":{target.account}:" in arn for arn in own):
        return True
    if configuration.get("StackName") == f"tap-{target.environment}":
        return True
    build = delivery.build_of(action)
    role = role_of(delivery.pipeline_stack, build.role) if build else None
    if role is None:
        return build is not None
    harmless = delivery.intended.bootstrap_role(target.account, "file-publishing")
    return any(
        _in_account(resource, target.account)
        for resource in role.allows("sts:AssumeRole")
        if resource != harmless
    )


def _in_account(resource: str, account: str) -> bool:
    *_, owner, _ = resource.split(":") if resource.count(":") >= IN_ARN else ("*", "")
    return fnmatchcase(account, owner)


def _is_smoke(delivery: Delivery, action: Action, target: Target) -> bool:
    build = delivery.build_of(action)
    return build is not None and build.name == f"tap-pipeline-smoke-{target.environment}"


def smoke_of(delivery: Delivery, target: Target) -> list[Action]:
    """The actions that run an environment's smoke tests, wherever they stand."""
    return [each for each in delivery.actions if _is_smoke(delivery, each, target)]


def prod_after_dev(delivery: Delivery) -> Iterator[Violation]:
    """Nothing touches prod before dev has been deployed and has passed its smoke tests."""
    dev, prod = delivery.intended.targets
    first = [*deployments(delivery, dev), *smoke_of(delivery, dev)]
    for action in deployments(delivery, prod):
        if not first or action.position[0] <= max(each.position[0] for each in first):
            yield Violation(
                action.where,
                "touches prod before a stage has deployed dev and run its smoke tests",
                "move it to a stage after the approval",
            )


def prod_after_approval(delivery: Delivery) -> Iterator[Violation]:
    """Nothing touches prod before a person approved what dev's smoke tests had passed."""
    dev, prod = delivery.intended.targets
    tested = max((each.position[0] for each in smoke_of(delivery, dev)), default=len(STAGES))
    approvals = [
        each.position[0]
        for each in delivery.actions
        if each.kind == APPROVAL and each.position[0] > tested
    ]
    for action in deployments(delivery, prod):
        if not approvals or action.position[0] <= min(approvals):
            yield Violation(
                action.where,
                "touches prod, and no approval stands between it and dev's smoke tests",
                "the approval is in the stage Promote, after Dev and before Prod",
            )


def approval_has_its_stage(delivery: Delivery) -> Iterator[Violation]:
    """Promote ends with the one approval, and nothing in it deploys.

    In a stage that deploys, a rollback would wait for a person; before the report, the approver
    would have nothing to go by.
    """
    approvals = [action for action in delivery.actions if action.kind == APPROVAL]
    promote = delivery.actions_in("Promote")
    if [action.where for action in approvals] != ["Promote/Approve"]:
        yield Violation(
            "stage Promote",
            f"the approvals are {[action.where for action in approvals]}",
            "there is one, Promote/Approve",
        )
    for action in promote:
        last = action.kind == APPROVAL
        if action.kind.startswith("Deploy/"):
            yield Violation(action.where, "deploys beside the approval", "deploy in Dev or Prod")
        if not last and any(a.position <= action.position for a in promote if a.kind == APPROVAL):
            yield Violation(action.where, "runs beside or after the approval", "run it before")


def approval_expires(delivery: Delivery) -> Iterator[Violation]:
    """A yes is asked for as long as the settings say: an old one is about something else."""
    wanted = delivery.intended.approval_minutes
    for action in delivery.actions:
        found = action.declaration.get("TimeoutInMinutes")
        if action.kind == APPROVAL and found != wanted:
            yield Violation(
                action.where,
                f"waits {found} minutes where cdk.json says {wanted}",
                'change "approval_timeout_minutes" in cdk.json',
            )


def approval_says_what(delivery: Delivery) -> Iterator[Violation]:
    """The question names the commit and the account: a yes to something else would be no yes."""
    sources = [a.declaration.get("Namespace") for a in delivery.actions if a.stage == "Source"]
    for action in delivery.actions:
        question = str(action.configuration.get("CustomData", ""))
        revision = any(f"#{{{namespace}." in question for namespace in sources)
        if action.kind == APPROVAL and not (
            revision and delivery.intended.prod.account in question
        ):
            yield Violation(
                action.where,
                f"asks {question!r}",
                "name the commit, as the source's variable, and prod's account",
            )


def prod_is_smoke_tested(delivery: Delivery) -> Iterator[Violation]:
    """Every environment's stage ends with its own smoke tests, after all that deploys there."""
    for target in delivery.intended.targets:
        smoke = [each for each in smoke_of(delivery, target) if each.stage == target.stage]
        deployed = [action.position for action in deployments(delivery, target)]
        if not smoke:
            yield Violation(
                f"stage {target.stage}", "has no smoke tests", "restore the action Smoke"
            )
        elif not deployed or smoke[-1].position <= max(deployed):
            yield Violation(
                smoke[-1].where,
                "runs before or beside the deployment that it is to test",
                "it is the last action of its stage",
            )
