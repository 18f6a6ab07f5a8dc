"""Hostile edits of what brings a bad release back, and keeps the next one out.

As in `mutants.py`, each with the rule that must report it.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.gates.drafts import Draft
from tests.gates.guard_mutants import build_commands, set_commands
from tests.gates.mutants import allow, caught_by, installs_everything

ENTER = "enter-prod"


def rules_at_entry(draft: Draft) -> list[Any]:
    (condition,) = draft.stage("Prod")["BeforeEntry"]["Conditions"]
    rules: list[Any] = condition["Rules"]
    return rules


def entry_told(draft: Draft, name: str, value: str) -> None:
    """Another value of one of the variables that the build at the entry is told."""
    configuration = rules_at_entry(draft)[0]["Configuration"]
    variables = json.loads(configuration["EnvironmentVariables"])
    (found,) = (each for each in variables if each["name"] == name)
    found["value"] = value
    configuration["EnvironmentVariables"] = json.dumps(variables)


def decisions(draft: Draft) -> str:
    """The logical id of the decision bucket."""
    return next(name for name in draft.resources() if name.startswith("Decisions"))


@caught_by("TAP-441")
def failed_release_stays_in_prod(draft: Draft) -> None:
    del draft.stage("Prod")["OnFailure"]


@caught_by("TAP-441")
def failure_that_fails_and_no_more(draft: Draft) -> None:
    draft.stage("Prod")["OnFailure"] = {"Result": "FAIL"}


@caught_by("TAP-441")
def prod_is_entered_unasked(draft: Draft) -> None:
    del draft.stage("Prod")["BeforeEntry"]


@caught_by("TAP-441")
def prod_asks_for_another_stage(draft: Draft) -> None:
    commands = build_commands(draft, ENTER)
    set_commands(draft, ENTER, [commands[0].replace("held Prod", "held Dev"), *commands[1:]])


@caught_by("TAP-441")
def prod_asks_only_whether_it_is_approved(draft: Draft) -> None:
    set_commands(draft, ENTER, build_commands(draft, ENTER)[1:])


@caught_by("TAP-441")
def whoever_asks_is_called_a_rollback(draft: Draft) -> None:
    entry_told(draft, "TAP_EXECUTION", "an-old-rollback")


@caught_by("TAP-441")
def question_steered_by_a_variable(draft: Draft) -> None:
    variables = draft.project(ENTER)["Environment"]["EnvironmentVariables"]
    variables.append({"Name": "AWS_PROFILE", "Type": "PLAINTEXT", "Value": "theirs"})


@caught_by("TAP-441")
def question_by_what_was_synthesized(draft: Draft) -> None:
    rules_at_entry(draft)[0]["Configuration"]["PrimarySource"] = "Gates_Output"


@caught_by("TAP-441")
def prod_asks_another_build(draft: Draft) -> None:
    smoke = next(n for n, r in draft.resources().items() if "smoke-dev" in str(r["Properties"]))
    rules_at_entry(draft)[0]["Configuration"]["ProjectName"] = {"Ref": smoke}


@caught_by("TAP-441")
def window_in_place_of_the_question(draft: Draft) -> None:
    rule = rules_at_entry(draft)[0]
    rule["RuleTypeId"]["Provider"] = "DeploymentWindow"
    rule["Configuration"] = {"Cron": "* * * * * ?"}


@caught_by("TAP-441")
def window_that_nobody_set(draft: Draft) -> None:
    rule = copy.deepcopy(rules_at_entry(draft)[0]) | {"Name": "ProdWindow"}
    rule["RuleTypeId"]["Provider"] = "DeploymentWindow"
    rule["Configuration"] = {"Cron": "* * * * * ? 2199"}
    rules_at_entry(draft).append(rule)


@caught_by("TAP-441")
def question_beside_what_synthesizes(draft: Draft) -> None:
    installs_everything(draft, ENTER)


@caught_by("TAP-441")
def question_that_is_not_asked(draft: Draft) -> None:
    draft.buildspec(ENTER, lambda spec: spec["phases"]["build"].update(commands=["true"]))


@caught_by("TAP-441")
def question_by_who_may_lift(draft: Draft) -> None:
    draft.rights_of("Roleenter").append(allow("s3:PutObject"))


@caught_by("TAP-403")
def held_prod_is_passed_by(draft: Draft) -> None:
    draft.stage("Prod")["BeforeEntry"]["Conditions"][0]["Result"] = "SKIP"


@caught_by("TAP-403")
def success_that_is_overruled(draft: Draft) -> None:
    draft.stage("Prod")["OnSuccess"] = copy.deepcopy(draft.stage("Prod")["BeforeEntry"])


@caught_by("TAP-442")
def build_lifts(draft: Draft) -> None:
    objects = {"Fn::Join": ["", [{"Fn::GetAtt": [decisions(draft), "Arn"]}, "/lifts/*"]]}
    draft.rights_of("Rolesmokeprod").append(allow("s3:PutObject", objects))


@caught_by("TAP-442")
def build_takes_a_hold_away(draft: Draft) -> None:
    objects = "arn:aws:s3:::tap-pipeline-decisions-*/*"
    draft.rights_of("Rolesynth").append(allow("s3:DeleteObject", objects))


@caught_by("TAP-442")
def build_writes_wherever_it_likes(draft: Draft) -> None:
    draft.rights_of("Rolegates").append(allow("s3:Put*"))


@caught_by("TAP-405")
def question_answers_the_approval_too(draft: Draft) -> None:
    draft.rights_of("Roleenter").append(allow("codepipeline:PutApprovalResult"))


@caught_by("TAP-405")
def build_rolls_back(draft: Draft) -> None:
    draft.rights_of("Roleenter").append(allow("codepipeline:RollbackStage"))
