"""The list of rules; a rule's docstring says what must hold, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from assembly.pipeline import Delivery
from gates.shape import (
    actions,
    approvals,
    artifacts,
    builds,
    literal,
    order,
    smoke,
    sources,
)
from gates.shape import (
    parity as twins,
)
from gates.shape.snapshot import permissions_were_reviewed
from gates.shape.violation import Violation

Rule = Callable[[Delivery], Iterator[Violation]]

RULES: dict[str, Rule] = {
    "one-pipeline": order.one_pipeline,
    "stages-in-order": order.stages_in_order,
    "stages-do-not-skip": order.stages_do_not_skip,
    "pipeline-type": order.runs_as_reviewed,
    "prod-after-dev": order.prod_after_dev,
    "prod-after-approval": order.prod_after_approval,
    "approval-has-its-stage": order.approval_has_its_stage,
    "approval-expires": order.approval_expires,
    "approval-says-what": order.approval_says_what,
    "people-approve": approvals.people_approve,
    "smoke-after-deploy": order.prod_is_smoke_tested,
    "smoke-runs-the-suite": smoke.smoke_runs_the_suite,
    "smoke-script": smoke.smoke_script_tells_the_truth,
    "smoke-prepared": smoke.smoke_is_prepared_as_reviewed,
    "smoke-target": smoke.smoke_targets_its_environment,
    "smoke-project-narrow": smoke.smoke_projects_are_narrow,
    "smoke-role-narrow": smoke.smoke_roles_only_call_apis,
    "known-actions": actions.actions_are_known,
    "own-action-roles": actions.actions_act_as_roles_of_the_stack,
    "self-update-first": actions.self_update_comes_first,
    "self-update-deploys": builds.updates_update,
    "right-artifacts": actions.artifacts_are_the_commits,
    "whole-deployments": actions.deployments_are_whole,
    "prod-gets-what-dev-tested": twins.prod_gets_what_dev_tested,
    "right-accounts": actions.stacks_are_where_they_belong,
    "builds-of-the-pipeline": builds.builds_belong_to_the_pipeline,
    "known-commands": builds.builds_run_reviewed_commands,
    "gates-run": builds.gates_run,
    "failures-count": builds.builds_cannot_pass_by_failing,
    "pinned-installs": builds.installs_are_pinned,
    "pinned-images": builds.images_are_pinned,
    "no-privileged-builds": builds.builds_are_not_privileged,
    "known-variables": builds.variables_are_known,
    "no-plaintext-secrets": builds.variables_hold_no_secrets,
    "own-build-roles": builds.builds_run_as_their_own_role,
    "builds-start-nothing": builds.builds_start_nothing,
    "configured-source": sources.source_is_the_configured_one,
    "branch-trigger": sources.only_the_branch_starts_it,
    "nothing-else-starts-it": sources.nothing_else_starts_it,
    "artifacts-encrypted": artifacts.artifacts_are_encrypted,
    "artifacts-private": artifacts.artifacts_are_read_by_deployers_only,
    "assets-are-files": artifacts.assets_are_files,
    "nothing-later": literal.nothing_is_decided_later,
    "harmless-resources": literal.resources_are_harmless,
    "reviewed-permissions": permissions_were_reviewed,
}


def judge(delivery: Delivery) -> dict[str, list[Violation]]:
    """The violations of every rule that was broken, by the rule's name."""
    found = {name: list(rule(delivery)) for name, rule in RULES.items()}
    return {name: violations for name, violations in found.items() if violations}
