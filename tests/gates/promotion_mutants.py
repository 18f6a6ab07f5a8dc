"""Hostile edits of what the approver reads, and of what holds the deployment to it.

As in `mutants.py`, each with the rule that must report it.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from gates.shape.promotion import CONDITION
from tests.gates.drafts import Draft
from tests.gates.guard_mutants import build_commands, set_commands
from tests.gates.mutants import (
    PROD_DEPLOY,
    allow,
    caught_by,
    codebuild_action,
    installs_everything,
    move,
)
from tests.gates.protection_mutants import ENTER, entry_told, rules_at_entry

STRANGERS_PAGE = "https://example.com/all-is-well.html"


def told(draft: Draft, name: str, value: str) -> None:
    """Another value of one of the variables that the page's build is told."""
    configuration = draft.action("Preview", "Page")["Configuration"]
    variables = json.loads(configuration["EnvironmentVariables"])
    for each in variables:
        if each["name"] == name:
            each["value"] = value
    configuration["EnvironmentVariables"] = json.dumps(variables)


# The page


@caught_by("TAP-424")
def page_dropped_with_its_stage(draft: Draft) -> None:
    draft.stages.remove(draft.stage("Preview"))


@caught_by("TAP-424")
def page_made_after_the_answer(draft: Draft) -> None:
    move(draft, "Promote", before="Preview")


@caught_by("TAP-424")
def page_made_before_dev(draft: Draft) -> None:
    move(draft, "Preview", before="Dev")


@caught_by("TAP-424")
def page_made_by_another_build(draft: Draft) -> None:
    draft.stage("Preview")["Actions"] = [codebuild_action(draft, "Page")]


@caught_by("TAP-424")
def page_with_something_beside_it(draft: Draft) -> None:
    draft.stage("Preview")["Actions"].append(codebuild_action(draft, "Other"))


@caught_by("TAP-424")
def page_says_that_all_is_well(draft: Draft) -> None:
    set_commands(draft, "preview", [*build_commands(draft, "preview"), "export said=fine"])


@caught_by("TAP-424")
def page_beside_what_synthesizes(draft: Draft) -> None:
    installs_everything(draft, "preview")


@caught_by("TAP-424")
def page_hands_on_less(draft: Draft) -> None:
    draft.buildspec("preview", lambda spec: spec["env"].update({"exported-variables": ["said"]}))


@caught_by("TAP-424")
def page_without_a_value_is_no_failure(draft: Draft) -> None:
    set_commands(draft, "preview", build_commands(draft, "preview")[:-2])


@caught_by("TAP-424")
def page_of_what_nobody_judged(draft: Draft) -> None:
    draft.action("Preview", "Page")["InputArtifacts"][1]["Name"] = "Synth_Output"


@caught_by("TAP-424")
def page_of_another_commit(draft: Draft) -> None:
    told(draft, "TAP_COMMIT", "0" * 40)


@caught_by("TAP-424")
def page_under_another_executions_id(draft: Draft) -> None:
    told(draft, "TAP_EXECUTION", "everybody")


@caught_by("TAP-424")
def page_made_by_what_was_synthesized(draft: Draft) -> None:
    draft.action("Preview", "Page")["Configuration"]["PrimarySource"] = "Gates_Output"


@caught_by("TAP-424")
def page_steered_by_a_variable(draft: Draft) -> None:
    variables = draft.project("preview")["Environment"]["EnvironmentVariables"]
    variables.append({"Name": "PYTHONPATH", "Type": "PLAINTEXT", "Value": "judged"})


@caught_by("TAP-424")
def page_told_by_another_action(draft: Draft) -> None:
    draft.action("Preview", "Page")["Namespace"] = "Else"


@caught_by("TAP-424")
def approver_sent_to_another_page(draft: Draft) -> None:
    draft.action("Promote", "Approve")["Configuration"]["ExternalEntityLink"] = STRANGERS_PAGE


@caught_by("TAP-424")
def approver_told_nothing_of_the_page(draft: Draft) -> None:
    draft.action("Promote", "Approve")["Configuration"]["CustomData"] = "Deploy?"


@caught_by("TAP-424")
def approval_with_something_beside_it(draft: Draft) -> None:
    draft.stage("Promote")["Actions"].append(codebuild_action(draft, "Report"))


@caught_by("TAP-424")
def approval_skipped_without_changes_unasked(draft: Draft) -> None:
    draft.stage("Promote")["BeforeEntry"] = copy.deepcopy(CONDITION)


# What is held against it


@caught_by("TAP-425")
def confirmation_dropped(draft: Draft) -> None:
    set_commands(draft, ENTER, build_commands(draft, ENTER)[:1])


@caught_by("TAP-425")
def confirmation_dropped_with_its_condition(draft: Draft) -> None:
    del draft.stage("Prod")["BeforeEntry"]


@caught_by("TAP-425")
def confirmation_at_the_entry_of_dev(draft: Draft) -> None:
    draft.stage("Dev")["BeforeEntry"] = draft.stage("Prod").pop("BeforeEntry")


@caught_by("TAP-425")
def confirmation_after_the_deployment(draft: Draft) -> None:
    draft.stage("Prod")["OnSuccess"] = draft.stage("Prod").pop("BeforeEntry")


@caught_by("TAP-425")
def refused_confirmation_passes_prod_by(draft: Draft) -> None:
    draft.stage("Prod")["BeforeEntry"]["Conditions"][0]["Result"] = "SKIP"


@caught_by("TAP-425")
def confirmation_that_may_fail(draft: Draft) -> None:
    held, command = build_commands(draft, ENTER)
    set_commands(draft, ENTER, [held, f"{command} || true"])


@caught_by("TAP-425")
def confirmation_of_whatever_it_finds(draft: Draft) -> None:
    entry_told(draft, "TAP_DIGEST", "#{Source.digest}")


@caught_by("TAP-425")
def confirmation_against_any_version(draft: Draft) -> None:
    entry_told(draft, "TAP_RUNNING", "#{Preview.anything}")


@caught_by("TAP-425")
def confirmation_of_another_commit(draft: Draft) -> None:
    entry_told(draft, "TAP_COMMIT", "0" * 40)


@caught_by("TAP-425")
def confirmation_of_what_nobody_judged(draft: Draft) -> None:
    rules_at_entry(draft)[0]["InputArtifacts"][1]["Name"] = "Synth_Output"


@caught_by("TAP-425")
def confirmation_in_another_project(draft: Draft) -> None:
    draft.project(ENTER)["Name"] = "tap-pipeline-other"


# Who looks


def rights(draft: Draft, project: str) -> Any:
    role = draft.named("AWS::IAM::Role", f"tap-pipeline-{project}")
    return role["Policies"][0]["PolicyDocument"]["Statement"]


@caught_by("TAP-426")
def page_deploys(draft: Draft) -> None:
    rights(draft, "preview").append(allow("sts:AssumeRole", PROD_DEPLOY))


@caught_by("TAP-401")
def page_reaches_prod_before_anybody_said_yes(draft: Draft) -> None:
    rights(draft, "preview").append(allow("sts:AssumeRole", PROD_DEPLOY))


@caught_by("TAP-426")
def page_may_forge_decisions(draft: Draft) -> None:
    arn = "arn:aws:s3:::tap-pipeline-decisions-111111111111-us-west-2/*"
    rights(draft, "preview").append(allow("s3:PutObject", arn))


@caught_by("TAP-426")
def page_may_delete(draft: Draft) -> None:
    arn = "arn:aws:s3:::tap-pipeline-decisions-111111111111-us-west-2/promotions/*"
    rights(draft, "preview").append(allow("s3:DeleteObject", arn))


@caught_by("TAP-426")
def confirmation_deploys(draft: Draft) -> None:
    rights(draft, ENTER).append(allow("sts:AssumeRole", PROD_DEPLOY))


@caught_by("TAP-426")
def confirmation_reads_everything(draft: Draft) -> None:
    rights(draft, ENTER).append(allow("s3:GetObject"))


@caught_by("TAP-426")
def confirmation_with_a_managed_policy(draft: Draft) -> None:
    role = draft.named("AWS::IAM::Role", f"tap-pipeline-{ENTER}")
    role["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]


@caught_by("TAP-426")
def synth_looks_at_prod(draft: Draft) -> None:
    look = "arn:aws:iam::333333333333:role/cdk-hnb659fds-preview-role-333333333333-us-west-2"
    draft.rights_of("Rolesynth").append(allow("sts:AssumeRole", look))
