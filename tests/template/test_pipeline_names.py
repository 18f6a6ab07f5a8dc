"""What has a name for life keeps it.

The running pipeline deploys its next self by these names, the target accounts trust roles by them,
and people know them. Proves that the names are as they always were; does not prove that nothing
else depends on another one.
"""

from __future__ import annotations

from settings import Settings
from tests.support.synthesis import REPOSITORY, Assembly

SETTINGS = Settings.of_checkout(REPOSITORY)
# One an environment, by its name; the last one's entry is asked.
SMOKE = {f"tap-pipeline-smoke-{each.name}" for each in SETTINGS.environments}


def test_the_stack_the_pipeline_and_the_artifact_have_their_names(assembly: Assembly) -> None:
    stack = assembly.manifest["artifacts"]["TapPipelineStack"]
    assert stack["properties"]["stackName"] == "tap-pipeline"
    assert stack["environment"] == f"aws://{SETTINGS.tools_account}/{SETTINGS.region}"
    assert assembly.pipeline["Name"] == "tap-pipeline"


def test_the_pipeline_updates_the_stack_by_that_id(assembly: Assembly) -> None:
    assert assembly.commands("tap-pipeline-selfmutate")[-1].startswith(
        "cdk -a . deploy TapPipelineStack "
    )


def test_the_stack_is_protected_from_deletion(assembly: Assembly) -> None:
    stack = assembly.manifest["artifacts"]["TapPipelineStack"]
    assert stack["properties"]["terminationProtection"] is True


def test_every_project_has_its_name_and_a_log_group_of_it(assembly: Assembly) -> None:
    steps = ("guards", "enter-prod", "synth", "gates", "preview", "selfmutate", "assets")
    names = {f"tap-pipeline-{step}" for step in steps} | SMOKE
    assert set(assembly.projects) == names
    groups = {each["LogGroupName"] for each in assembly.resources("AWS::Logs::LogGroup")}
    functions = {each["FunctionName"] for each in assembly.resources("AWS::Lambda::Function")}
    assert groups == {
        *(f"/aws/codebuild/{name}" for name in names),
        *(f"/aws/lambda/{name}" for name in functions),
    }


def test_roles_of_our_own_and_report_groups_are_named_as_their_projects(assembly: Assembly) -> None:
    roles = assembly.resources("AWS::IAM::Role")
    steps = ("guards", "enter-prod", "synth", "gates", "preview")
    ours = {f"tap-pipeline-{step}" for step in steps} | SMOKE
    assert {role["RoleName"] for role in roles if "RoleName" in role} == ours
    assert {group["Name"] for group in assembly.resources("AWS::CodeBuild::ReportGroup")} == SMOKE
