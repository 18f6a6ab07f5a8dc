"""Each environment's stage has the conditions that cdk.json asks for, and the pipeline may ask.

Proves it as synthesized, for the settings in cdk.json and for others. That these conditions hold
against hostile edits is tests/gates; what they do, tests/delivery/test_bad_prod_version.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.synthesis import Assembly, copy_checkout, share_staged_assets, synthesize

WINDOW = {"cron": "* * 9-16 ? * MON-THU", "time_zone": "Europe/Berlin"}


def conditions(assembly: Assembly, stage: str) -> dict[str, Any]:
    """What the stage has besides its name and actions."""
    (pipeline,) = assembly.resources("AWS::CodePipeline::Pipeline")
    found = next(each for each in pipeline["Stages"] if each["Name"] == stage)
    return {key: each for key, each in found.items() if key not in ("Name", "Actions")}


def rules(assembly: Assembly, stage: str) -> dict[str, str]:
    """The providers of the rules at a stage's entry, by the rules' names."""
    entry = conditions(assembly, stage).get("BeforeEntry", {"Conditions": [{"Rules": []}]})
    (condition,) = entry["Conditions"]
    return {each["Name"]: each["RuleTypeId"]["Provider"] for each in condition["Rules"]}


def test_prod_comes_back_and_asks_who_may_enter_and_dev_does_neither(
    assembly: Assembly,
) -> None:
    assert conditions(assembly, "Dev") == {}
    prod = conditions(assembly, "Prod")
    assert prod["OnFailure"] == {"Result": "ROLLBACK"}
    assert rules(assembly, "Prod") == {"ProdEntry": "CodeBuild"}
    assert prod["BeforeEntry"]["Conditions"][0]["Result"] == "FAIL"


def test_the_pipeline_may_run_the_build_that_it_asks(assembly: Assembly) -> None:
    """CDK gives a pipeline's role no rights for rules."""
    projects = {
        key: each["Properties"]["Name"]
        for key, each in assembly.template["Resources"].items()
        if each["Type"] == "AWS::CodeBuild::Project"
    }
    (asked,) = (key for key, name in projects.items() if name == "tap-pipeline-enter-prod")
    granted = [
        (set(statement["Action"]), policy["Roles"][0]["Ref"])
        for policy in assembly.resources("AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Resource"] == {"Fn::GetAtt": [asked, "Arn"]}
    ]
    (pipeline,) = assembly.resources("AWS::CodePipeline::Pipeline")
    role = pipeline["RoleArn"]["Fn::GetAtt"][0]
    assert granted == [({"codebuild:BatchGetBuilds", "codebuild:StartBuild"}, role)]


def test_environments_choose_and_the_guarded_one_is_always_asked(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    share_staged_assets(checkout)
    document = json.loads((checkout / "cdk.json").read_text())
    dev, prod = document["context"]["tap"]["environments"]
    dev["rollback"], prod["rollback"] = True, False
    prod["deployment_window"] = WINDOW
    (checkout / "cdk.json").write_text(json.dumps(document))
    made = synthesize(checkout, tmp_path / "cdk.out")
    assert rules(made, "Dev") == {"DevEntry": "CodeBuild"}
    assert asked(made, "dev") == ["scripts/held"]
    assert takes(made, "dev") == []
    assert rules(made, "Prod") == {"ProdEntry": "CodeBuild", "ProdWindow": "DeploymentWindow"}
    assert asked(made, "prod") == ["scripts/held", "scripts/confirm"]
    assert [arn.split(":")[4] for arn in takes(made, "prod")] == [prod["account"]]
    assert "OnFailure" not in conditions(made, "Prod")
    (condition,) = conditions(made, "Prod")["BeforeEntry"]["Conditions"]
    assert condition["Rules"][1]["Configuration"] == {
        "Cron": WINDOW["cron"],
        "TimeZone": WINDOW["time_zone"],
    }


def asked(assembly: Assembly, environment: str) -> list[str]:
    """The scripts that ask at an environment's entry, in order."""
    commands = assembly.commands(f"tap-pipeline-enter-{environment}")
    return [each.split()[1] for each in commands if each.startswith("bash scripts/")][1:]


def takes(assembly: Assembly, environment: str) -> list[str]:
    """The roles that the build at an environment's entry may take."""
    (role,) = (
        each
        for each in assembly.resources("AWS::IAM::Role")
        if each.get("RoleName") == f"tap-pipeline-enter-{environment}"
    )
    return [
        statement["Resource"]
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "sts:AssumeRole"
    ]
