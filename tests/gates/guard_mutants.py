"""Hostile edits of what guards the delivery: the stage Guards, the comparison, the judged artifact.

As in `mutants.py`, each with the rule that must report it. Each would also wait in the stage Guards
of the pipeline as it was: these rules are for whoever looks there, and for the first deployment.
"""

from __future__ import annotations

import copy
from typing import Any

from tests.gates.drafts import Draft
from tests.gates.mutants import allow, caught_by, codebuild_action, move

ASSUMED = {"Effect": "Allow", "Action": "sts:AssumeRole"}


def build_commands(draft: Draft, project: str) -> list[str]:
    """The commands of a project's build phase, to be edited in place within `buildspec`."""
    found: list[list[str]] = []
    draft.buildspec(project, lambda spec: found.append(spec["phases"]["build"]["commands"]))
    return found[0]


def set_commands(draft: Draft, project: str, commands: list[str]) -> None:
    draft.buildspec(project, lambda spec: spec["phases"]["build"].update(commands=commands))


# The stage


@caught_by("TAP-421")
def pipeline_without_guards(draft: Draft) -> None:
    draft.stages.remove(draft.stage("Guards"))


@caught_by("TAP-421")
def guards_after_the_pipelines_update(draft: Draft) -> None:
    move(draft, "Guards", before="Assets")


@caught_by("TAP-421")
def guards_after_the_commits_code_has_run(draft: Draft) -> None:
    move(draft, "Guards", before="UpdatePipeline")


@caught_by("TAP-421")
def guards_are_a_build(draft: Draft) -> None:
    draft.stage("Guards")["Actions"] = [codebuild_action(draft, "Approve")]


def condition(draft: Draft) -> Any:
    (only,) = draft.stage("Guards")["BeforeEntry"]["Conditions"]
    return only


@caught_by("TAP-421")
def guards_skipped_when_changed(draft: Draft) -> None:
    condition(draft)["Rules"][0]["Configuration"]["Operator"] = "EQ"


@caught_by("TAP-421")
def guards_skipped_for_another_variable(draft: Draft) -> None:
    variable = "#{codepipeline.PipelineExecutionId}"
    condition(draft)["Rules"][0]["Configuration"] = {
        "Variable": variable,
        "Value": variable,
        "Operator": "NE",
    }


@caught_by("TAP-421")
def guards_skipped_by_a_second_rule(draft: Draft) -> None:
    rules = condition(draft)["Rules"]
    rules.append(copy.deepcopy(rules[0]) | {"Name": "Never"})


@caught_by("TAP-421")
def guards_skipped_by_a_function(draft: Draft) -> None:
    rule = condition(draft)["Rules"][0]
    rule["RuleTypeId"]["Provider"] = "LambdaInvoke"
    rule["Configuration"] = {"FunctionName": "no"}


@caught_by("TAP-403")
def condition_that_skips_the_build(draft: Draft) -> None:
    draft.stage("Build")["BeforeEntry"] = copy.deepcopy(draft.stage("Guards")["BeforeEntry"])


@caught_by("TAP-405")
def build_answers_for_the_guards(draft: Draft) -> None:
    arn = "arn:aws:codepipeline:us-west-2:111111111111:tap-pipeline/Guards/Approve"
    draft.rights_of("PipelineAssets").append(allow("codepipeline:PutApprovalResult", arn))


@caught_by("TAP-405")
def build_starts_any_commit(draft: Draft) -> None:
    draft.rights_of("Rolesynth").append(allow("codepipeline:StartPipelineExecution"))


@caught_by("TAP-405")
def schedule_starts_any_commit(draft: Draft) -> None:
    trust = {"Statement": [{**ASSUMED, "Principal": {"Service": "events.amazonaws.com"}}]}
    may = {"Statement": [allow("codepipeline:Start*")]}
    policies = [{"PolicyName": "p", "PolicyDocument": may}]
    draft.add("Nightly", "AWS::IAM::Role", AssumeRolePolicyDocument=trust, Policies=policies)


# The comparison


@caught_by("TAP-422")
def comparison_of_something_else(draft: Draft) -> None:
    set_commands(draft, "guards", ["export unchanged=true", "export changed=nothing"])


@caught_by("TAP-422")
def comparison_runs_a_file_of_the_commit(draft: Draft) -> None:
    commands = build_commands(draft, "guards")
    set_commands(draft, "guards", ["bash scripts/compare", *commands[1:]])


@caught_by("TAP-422")
def comparison_overruled_at_its_end(draft: Draft) -> None:
    set_commands(draft, "guards", [*build_commands(draft, "guards"), "export unchanged=true"])


@caught_by("TAP-422")
def comparison_with_other_guards(draft: Draft) -> None:
    first, *others = build_commands(draft, "guards")
    text, _, _ = first.rpartition(" '")
    set_commands(draft, "guards", [f"{text} '{'A' * 100}')", *others])


@caught_by("TAP-422")
def comparison_told_what_to_find(draft: Draft) -> None:
    variables = '[{"name": "unchanged", "value": "true"}]'
    draft.action("Compare", "Compare")["Configuration"]["EnvironmentVariables"] = variables


@caught_by("TAP-422")
def comparison_of_what_was_synthesized(draft: Draft) -> None:
    draft.action("Compare", "Compare")["InputArtifacts"] = [{"Name": "Synth_Output"}]


@caught_by("TAP-422")
def comparison_in_a_project_of_another_name(draft: Draft) -> None:
    draft.project("guards")["Name"] = "tap-pipeline-other"


@caught_by("TAP-422")
def comparison_with_a_cache(draft: Draft) -> None:
    draft.project("guards")["Cache"] = {"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]}


@caught_by("TAP-422")
def comparison_that_may_write_artifacts(draft: Draft) -> None:
    role = draft.named("AWS::IAM::Role", "tap-pipeline-guards")
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    statements.append(allow("s3:PutObject", "arn:aws:s3:::artifacts/*"))


@caught_by("TAP-422")
def two_comparisons(draft: Draft) -> None:
    second = copy.deepcopy(draft.action("Compare", "Compare")) | {"Name": "Again", "RunOrder": 2}
    draft.stage("Compare")["Actions"].append(second)


# What was judged


@caught_by("TAP-423")
def gates_no_longer_run(draft: Draft) -> None:
    set_commands(draft, "gates", build_commands(draft, "gates")[:-1])


@caught_by("TAP-423")
def gates_are_dropped_with_their_build(draft: Draft) -> None:
    actions = draft.stage("Build")["Actions"]
    actions.remove(draft.action("Build", "Gates"))


@caught_by("TAP-423")
def assembly_rewritten_after_the_gates(draft: Draft) -> None:
    commands = [*build_commands(draft, "gates"), "sed -i s/prod/dev/ judged/manifest.json"]
    set_commands(draft, "gates", commands)


@caught_by("TAP-423")
def gates_obey_a_variable(draft: Draft) -> None:
    commands = build_commands(draft, "gates")
    commands[-1] = f'[ -n "$SKIP_GATES" ] || {commands[-1]}'
    set_commands(draft, "gates", commands)


@caught_by("TAP-423")
def another_folder_than_the_judged_one_leaves(draft: Draft) -> None:
    draft.buildspec("gates", lambda spec: spec["artifacts"].update({"base-directory": "cdk.out"}))


@caught_by("TAP-423")
def gates_judge_the_folder_that_synth_made(draft: Draft) -> None:
    commands = build_commands(draft, "gates")
    commands[0] = "cp -R synthesized judged"
    set_commands(draft, "gates", commands)


@caught_by("TAP-415")
def what_nobody_judged_is_deployed(draft: Draft) -> None:
    draft.action("UpdatePipeline", "SelfMutate")["InputArtifacts"] = [{"Name": "Synth_Output"}]


@caught_by("TAP-415")
def assets_that_nobody_judged_are_published(draft: Draft) -> None:
    draft.action("Assets", "FileAssets")["InputArtifacts"] = [{"Name": "Synth_Output"}]


@caught_by("TAP-423")
def synth_may_write_over_what_was_judged(draft: Draft) -> None:
    role = draft.named("AWS::IAM::Role", "tap-pipeline-synth")
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
        if statement["Action"] == "s3:PutObject":
            statement["Resource"] = {"Fn::Join": ["", ["arn:aws:s3:::artifacts", "/*"]]}


# The smoke suite


@caught_by("TAP-408")
def smoke_script_ends_behind_a_comment(draft: Draft) -> None:
    """A shell does not continue a comment: the line after it is run."""
    script = draft.scripts["scripts/smoke"]
    draft.scripts["scripts/smoke"] = script.replace("set -eu\n", "set -eu\n# so \\\nexit 0\n")


@caught_by("TAP-408")
def smoke_report_is_no_longer_judged(draft: Draft) -> None:
    script = draft.scripts["scripts/smoke"]
    draft.scripts["scripts/smoke"] = script.partition("if [ $#")[0] + "exit $status\n"


@caught_by("TAP-701")
def reviewed_checks_are_fewer(draft: Draft) -> None:
    name = "  test_an_unsigned_call_is_refused\n"
    draft.reviewed["smoke.txt"] = draft.reviewed["smoke.txt"].replace(name, "")
