"""What has a name for life keeps it.

The running pipeline deploys its next self by these names, the target accounts trust roles by them,
and people know them. Proves that the names are as they always were; does not prove that nothing
else depends on another one.
"""

from __future__ import annotations

from tests.support.synthesis import Assembly


def test_the_stack_the_pipeline_and_the_artifact_have_their_names(assembly: Assembly) -> None:
    stack = assembly.manifest["artifacts"]["TapPipelineStack"]
    assert stack["properties"]["stackName"] == "tap-pipeline"
    assert stack["environment"] == "aws://111111111111/us-west-2"
    assert assembly.pipeline["Name"] == "tap-pipeline"


def test_the_pipeline_updates_the_stack_by_that_id(assembly: Assembly) -> None:
    assert assembly.commands("tap-pipeline-selfmutate")[-1].startswith(
        "cdk -a . deploy TapPipelineStack "
    )


def test_the_stack_is_protected_from_deletion(assembly: Assembly) -> None:
    stack = assembly.manifest["artifacts"]["TapPipelineStack"]
    assert stack["properties"]["terminationProtection"] is True


def test_every_project_has_its_name_and_a_log_group_of_it(assembly: Assembly) -> None:
    names = {
        "tap-pipeline-synth",
        "tap-pipeline-selfmutate",
        "tap-pipeline-assets",
        "tap-pipeline-smoke-dev",
        "tap-pipeline-smoke-prod",
    }
    assert set(assembly.projects) == names
    groups = assembly.resources("AWS::Logs::LogGroup")
    assert {group["LogGroupName"] for group in groups} == {f"/aws/codebuild/{n}" for n in names}


def test_smoke_roles_and_report_groups_are_named_as_their_projects(assembly: Assembly) -> None:
    names = {"tap-pipeline-smoke-dev", "tap-pipeline-smoke-prod"}
    roles = assembly.resources("AWS::IAM::Role")
    assert {role["RoleName"] for role in roles if "RoleName" in role} == names
    assert {group["Name"] for group in assembly.resources("AWS::CodeBuild::ReportGroup")} == names


def test_builds_call_scripts_by_name_and_nothing_else(assembly: Assembly) -> None:
    assert assembly.commands("tap-pipeline-synth") == [
        "scripts/install-python",
        "scripts/install-node --omit=dev",
        "scripts/synth",
        "scripts/gates",
        "scripts/supply-chain",
    ]
    for environment in ("dev", "prod"):
        commands = assembly.commands(f"tap-pipeline-smoke-{environment}")
        assert commands == ["scripts/install-python", "scripts/smoke"]
