"""Definitions that AWS refuses, one change each, and that are refused here with AWS's reason.

Proves the rules about members that are each right by themselves, and the limits of single members
at every level. That AWS refuses them is from the structure reference and its answers; it was not
tried.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.codepipeline.definition import parse
from embedded_aws.codepipeline.requests import StructureError
from tests.embedded_aws.pipelines import APPROVAL, REGION, SOURCE, action, properties, source

DEPLOY = ("Deploy", "CloudFormation")
PREPARE = {
    "ActionMode": "CHANGE_SET_REPLACE",
    "StackName": "s",
    "ChangeSetName": "c",
    "TemplatePath": "Code::t.json",
}


def deployment(**changed: Any) -> dict[str, Any]:
    """A deployment of the source's template, with changed configuration; None takes a key away."""
    configuration = {k: v for k, v in {**PREPARE, **changed}.items() if v is not None}
    return {
        "Name": "Prepare",
        "ActionTypeId": {
            "Category": DEPLOY[0],
            "Owner": "AWS",
            "Provider": DEPLOY[1],
            "Version": "1",
        },
        "Configuration": configuration,
        "InputArtifacts": [{"Name": "Code"}],
    }


def refused(*stages: tuple[str, list[dict[str, Any]]], **more: Any) -> str:
    """Why the pipeline of these stages behind the source is refused."""
    given = properties(*stages, **more)
    with pytest.raises(StructureError) as error:
        parse(given, given["Name"], REGION)
    return str(error.value)


def trigger(name: str) -> dict[str, Any]:
    git = {"SourceActionName": name, "Push": [{"Branches": {"Includes": ["main"]}}]}
    return {"ProviderType": "CodeStarSourceConnection", "GitConfiguration": git}


ACTIONS: list[tuple[dict[str, Any], str]] = [
    (action("A", Namespace="codepipeline"), "the namespace codepipeline is reserved"),
    (action("A", Namespace="variables"), "the namespace variables is reserved"),
    (action("A", Namespace="a b"), "'pipeline.stages.2.member.actions.1.member.namespace'"),
    (
        action("A", order=0),
        "'pipeline.stages.2.member.actions.1.member.runOrder' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1",
    ),
    (action("A", order=1000), "Member must have value less than or equal to 999"),
    (
        action("A", OutputArtifacts=[{"Name": "a.b"}]),
        "outputArtifacts.1.member.name' failed to satisfy constraint: Member must satisfy regular",
    ),
    (
        action("A", APPROVAL, InputArtifacts=[{"Name": "Code"}]),
        "Manual takes 0 to 0 input artifacts, not 1",
    ),
    (
        action("A", Configuration={"Project": "p"}),
        "Action configuration for action 'A' contains unknown configuration 'Project'",
    ),
    (
        action("A", APPROVAL, Configuration={"ProjectName": "p"}),
        "Action configuration for action 'A' contains unknown configuration 'ProjectName'",
    ),
    (action("A", InputArtifacts=[]), "CodeBuild takes 1 to 5 input artifacts, not 0"),
    (
        action("A", Configuration={"PrimarySource": "Other"}),
        "PrimarySource Other is no input artifact",
    ),
    (
        action("A", Configuration={"EnvironmentVariables": "A=b"}),
        "EnvironmentVariables is no list of variables",
    ),
    (action("A", TimeoutInMinutes=5), "TimeoutInMinutes is for manual approvals"),
    (action("A", APPROVAL, TimeoutInMinutes=4), "value greater than or equal to 5"),
    (action("A", RoleArn="nobody"), "actions.1.member.roleArn"),
    (
        action("A", Configuration={"EnvironmentVariables": '[{"name":"A","value":"#{Later.X}"}]'}),
        "VariableReferenceText=[#{Later.X}]",
    ),
    (
        deployment(ChangeSetName=None),
        "Action configuration for action 'Prepare' is missing required configuration "
        "'ChangeSetName'",
    ),
    (deployment(TemplatePath=None), "missing required configuration 'TemplatePath'"),
    (deployment(StackName=None), "missing required configuration 'StackName'"),
    (deployment(TemplatePath="Other::t.json"), "TemplatePath names Other, which is no input"),
]


@pytest.mark.parametrize(("wrong", "reason"), ACTIONS, ids=[reason for _, reason in ACTIONS])
def test_a_wrong_action_is_refused(wrong: dict[str, Any], reason: str) -> None:
    later = action("Later", order=2, Namespace="Later")
    assert reason in refused(("Dev", [wrong, later]))


def test_several_inputs_need_a_primary_source() -> None:
    given = properties(
        ("Build", [action("Make", OutputArtifacts=[{"Name": "Made"}])]),
        ("Dev", [action("Use", InputArtifacts=[{"Name": "Code"}, {"Name": "Made"}])]),
    )
    with pytest.raises(StructureError, match="missing required configuration 'PrimarySource'"):
        parse(given, "delivery", REGION)
    given["Stages"][2]["Actions"][0]["Configuration"]["PrimarySource"] = "Made"
    assert parse(given, "delivery", REGION).stages[2].actions[0].inputs == ("Code", "Made")


def test_a_trigger_names_a_source_action_once() -> None:
    dev = ("Dev", [action("A")])
    absent = refused(dev, Triggers=[trigger("Nobody")])
    assert absent == "a trigger names the source action Nobody, which is not there"
    assert "more than one trigger" in refused(dev, Triggers=[trigger("Push"), trigger("Push")])


def test_a_source_gives_exactly_one_artifact() -> None:
    given = properties(("Dev", [action("A")]))
    given["Stages"][0]["Actions"] = [action("Push", SOURCE)]
    with pytest.raises(StructureError, match="takes 1 to 1 output artifacts, not 0"):
        parse(given, "delivery", REGION)


def test_what_is_right_is_taken() -> None:
    value = "#{Src.CommitId} #{variables.V} #{codepipeline.PipelineExecutionId}"
    use = json.dumps([{"name": "A", "value": value}])
    given = properties(
        ("Build", [action("Make", order=999, Configuration={"EnvironmentVariables": use})]),
        ("Dev", [deployment()]),
        Triggers=[trigger("Push")],
        Variables=[{"Name": "V", "DefaultValue": "1"}],
    )
    given["Stages"][0]["Actions"] = [source()]
    assert [stage.name for stage in parse(given, "delivery", REGION).stages] == [
        "Source",
        "Build",
        "Dev",
    ]
