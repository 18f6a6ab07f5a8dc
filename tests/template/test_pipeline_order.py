"""The pipeline does its work in the one right order, across the right accounts.

Proves: stages, actions and what starts them, as synthesized for the settings in cdk.json. Does not
prove that CodePipeline runs them so: the rehearsal does, on an emulation.
"""

from __future__ import annotations

import json
from itertools import groupby

import pytest

from assembly.text import plain
from tests.support.synthesis import Assembly

TARGETS = [("Dev", "tap-dev", "222222222222"), ("Prod", "tap-prod", "333333333333")]


def test_stages_and_actions_are_in_order(assembly: Assembly) -> None:
    stages = groupby(assembly.actions(), key=lambda each: each[0])
    assert {stage: [action["Name"] for _, action in actions] for stage, actions in stages} == {
        "Source": ["Source"],
        "Build": ["Synth"],
        "UpdatePipeline": ["SelfMutate"],
        "Assets": ["FileAssets"],
        "Dev": ["tap-dev.Prepare", "tap-dev.Deploy", "Smoke"],
        "Promote": ["Approve"],
        "Prod": ["tap-prod.Prepare", "tap-prod.Deploy", "Smoke"],
    }
    names = [stage["Name"] for stage in assembly.pipeline["Stages"]]
    assert names == ["Source", "Build", "UpdatePipeline", "Assets", "Dev", "Promote", "Prod"]


@pytest.mark.parametrize("stage", ["Dev", "Prod"])
def test_prepare_deploy_and_smoke_run_one_after_the_other(assembly: Assembly, stage: str) -> None:
    orders = [action["RunOrder"] for name, action in assembly.actions() if name == stage]
    assert orders == [1, 2, 3]


@pytest.mark.parametrize(("stage", "stack", "account"), TARGETS)
def test_a_stack_is_deployed_with_the_roles_of_its_own_account(
    assembly: Assembly, stage: str, stack: str, account: str
) -> None:
    bootstrap = f"arn:aws:iam::{account}:role/cdk-hnb659fds"
    prepare = plain(assembly.action(stage, f"{stack}.Prepare"))
    deploy = plain(assembly.action(stage, f"{stack}.Deploy"))
    for action in (prepare, deploy):
        assert action["RoleArn"] == f"{bootstrap}-deploy-role-{account}-us-west-2"
        assert action["Configuration"]["StackName"] == stack
    executed_by = prepare["Configuration"]["RoleArn"]
    assert executed_by == f"{bootstrap}-cfn-exec-role-{account}-us-west-2"
    modes = [action["Configuration"]["ActionMode"] for action in (prepare, deploy)]
    assert modes == ["CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"]


@pytest.mark.parametrize(("stage", "stack", "account"), TARGETS)
def test_what_is_deployed_is_what_was_synthesized_for_that_account(
    assembly: Assembly, stage: str, stack: str, account: str
) -> None:
    path = assembly.action(stage, f"{stack}.Prepare")["Configuration"]["TemplatePath"]
    artifact, _, template = path.partition("::")
    assert [{"Name": artifact}] == assembly.action("Build", "Synth")["OutputArtifacts"]
    folder = (assembly.directory / template).parent
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"].values()
    (environment,) = {a["environment"] for a in artifacts if a.get("environment")}
    assert environment == f"aws://{account}/us-west-2"


def test_the_approval_names_the_commit_and_gives_up_after_a_week(assembly: Assembly) -> None:
    approval = assembly.action("Promote", "Approve")
    source = assembly.action("Source", "Source")
    question = approval["Configuration"]["CustomData"]
    assert f"#{{{source['Namespace']}.CommitId}}" in question
    assert "333333333333" in question
    assert approval["TimeoutInMinutes"] == 7 * 24 * 60


def test_only_a_push_to_the_branch_that_is_more_than_documentation_starts_it(
    assembly: Assembly,
) -> None:
    (trigger,) = assembly.pipeline["Triggers"]
    assert trigger == {
        "ProviderType": "CodeStarSourceConnection",
        "GitConfiguration": {
            "SourceActionName": "Source",
            "Push": [
                {
                    "Branches": {"Includes": ["main"]},
                    "FilePaths": {"Excludes": ["docs/**", "*.md", "**/*.md"]},
                }
            ],
        },
    }
    assert assembly.action("Source", "Source")["Configuration"]["DetectChanges"] is False


def test_a_newer_commit_overtakes_and_a_changed_pipeline_restarts(assembly: Assembly) -> None:
    pipeline = assembly.pipeline
    assert pipeline["PipelineType"] == "V2"
    assert pipeline["ExecutionMode"] == "SUPERSEDED"
    assert pipeline["RestartExecutionOnUpdate"] is True


def test_the_source_action_may_use_the_connection_by_its_old_and_new_name(
    assembly: Assembly,
) -> None:
    connection = assembly.action("Source", "Source")["Configuration"]["ConnectionArn"]
    actions = {
        action
        for policy in assembly.resources("AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Resource"] == connection
        for action in statement["Action"]
    }
    assert actions == {"codeconnections:UseConnection", "codestar-connections:UseConnection"}
