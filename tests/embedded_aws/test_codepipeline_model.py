"""Structure, variables and triggers of a pipeline, without an emulator.

Proves what is accepted, refused with which reason, and which names a glob pattern matches.
"""

from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.codepipeline.actions.base import ActionError
from embedded_aws.codepipeline.definition import parse
from embedded_aws.codepipeline.requests import StructureError
from embedded_aws.codepipeline.triggers import Criteria, Push, PushFilter, Trigger, judge
from embedded_aws.codepipeline.triggers import matches as glob_matches
from embedded_aws.codepipeline.variables import resolve_configuration
from tests.embedded_aws.pipelines import REGION, action, properties

DEV = ("Dev", [action("Deploy")])


def test_a_declaration_is_the_tree_with_lower_case_names_and_untouched_configuration() -> None:
    given = properties(("Dev", [action("A", order=2, InputArtifacts=[{"Name": "Code"}])]))
    given["Stages"][1]["Actions"][0]["Configuration"]["CombineArtifacts"] = False
    declaration = parse(given, "delivery", REGION).declaration
    assert declaration["stages"][1]["actions"][0] == {
        "name": "A",
        "actionTypeId": {
            "category": "Build",
            "owner": "AWS",
            "provider": "CodeBuild",
            "version": "1",
        },
        "runOrder": 2,
        "configuration": {"ProjectName": "project", "CombineArtifacts": "false"},
        "inputArtifacts": [{"name": "Code"}],
    }
    assert declaration["executionMode"] == "SUPERSEDED"


def test_every_region_has_its_own_store_and_an_action_is_in_one_of_them() -> None:
    stores = [
        {"Region": "eu-west-1", "ArtifactStore": {"Type": "S3", "Location": "other"}},
        {
            "Region": REGION,
            "ArtifactStore": {
                "Type": "S3",
                "Location": "here",
                "EncryptionKey": {"Id": "k", "Type": "KMS"},
            },
        },
    ]
    there = ("There", [action("Elsewhere", Region="eu-west-1")])
    given = properties(DEV, there, ArtifactStore=None, ArtifactStores=stores)
    structure = parse(given, "d", REGION)
    assert {name: (each.bucket, each.key_id) for name, each in structure.stores.items()} == {
        REGION: ("here", "k"),
        "eu-west-1": ("other", None),
    }
    alone = given["ArtifactStores"][1]["ArtifactStore"]
    with pytest.raises(StructureError, match="either ArtifactStore or ArtifactStores"):
        parse({**given, "ArtifactStore": alone}, "d", REGION)


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("at least two stages", {"Stages": properties()["Stages"]}),
    ("PARALLEL", {"ExecutionMode": "PARALLEL"}),
    ("'pipeline.roleArn' failed to satisfy", {"RoleArn": ""}),
    ("no artifact store", {"ArtifactStore": None}),
    ("type V2", {"PipelineType": "V1", "Variables": [{"Name": "X"}]}),
    ("regular expression pattern", {"Name": "a b"}),
    (
        "pull requests are not",
        {
            "Triggers": [
                {
                    "ProviderType": "CodeStarSourceConnection",
                    "GitConfiguration": {
                        "SourceActionName": "Push",
                        "PullRequest": [{"Events": ["OPEN"]}],
                    },
                }
            ]
        },
    ),
]


@pytest.mark.parametrize(("reason", "change"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_wrong_pipeline_is_refused_with_the_reason(reason: str, change: dict[str, Any]) -> None:
    given = properties(DEV, **change)
    with pytest.raises(StructureError, match=reason):
        parse(given, given["Name"], REGION)


ACTIONS: list[tuple[str, dict[str, Any]]] = [
    ("no earlier action outputs", {"InputArtifacts": [{"Name": "Nothing"}]}),
    ("output by more than one", {"OutputArtifacts": [{"Name": "Code"}]}),
    ("more than one action", {"Namespace": "Src"}),
    ("no artifact store in the action's region eu-west-1", {"Region": "eu-west-1"}),
    ("batch builds", {"Configuration": {"BatchEnabled": "true"}}),
    ("configuration.ProjectName.member", {"Configuration": {"ProjectName": ""}}),
]


@pytest.mark.parametrize(("reason", "change"), ACTIONS, ids=[a[0] for a in ACTIONS])
def test_a_wrong_action_is_refused_with_the_reason(reason: str, change: dict[str, Any]) -> None:
    with pytest.raises(StructureError, match=reason):
        parse(properties(("Dev", [action("A", **change)])), "delivery", REGION)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("docs/**", "docs/a/b.md", True),
        ("docs/*", "docs/a/b.md", False),
        ("docs/*", "docs/a.md", True),
        ("*.md", "README.md", True),
        ("*.md", "docs/README.md", False),
        ("**", "any/thing", True),
        ("**/*.md", "docs/a.md", True),
        ("foo.?", "foo.c", True),
        ("foo.?", "foo.cc", False),
        ("*.{java,class}", "A.class", True),
        ("*.{java,class}", "A.py", False),
        ("[a-c].py", "b.py", True),
        ("[!a-c].py", "b.py", False),
        ("[*?].py", "x.py", False),
        (r"\*.md", "a.md", False),
        (r"\*.md", "*.md", True),
        ("a,b", "a,b", True),
        ("main", "maintenance", False),
        ("release/**", "release/1/2", True),
    ],
)
def test_patterns_follow_the_user_guide(pattern: str, name: str, expected: bool) -> None:
    assert glob_matches(pattern, name) is expected


def verdict(push: Push, **criteria: Criteria) -> bool:
    filters = {"branches": None, "tags": None, "file_paths": None, **criteria}
    return judge(Trigger("Push", (PushFilter(**filters),)), push).starts


def pushed(*files: str, branch: str = "main") -> Push:
    return Push(commit="c", branch=branch, tag=None, files=files)


def test_excludes_win_and_one_remaining_file_starts() -> None:
    paths = Criteria(excludes=("docs/**",))
    assert not verdict(pushed("docs/a", "docs/b"), file_paths=paths)
    assert verdict(pushed("docs/a", "app.py"), file_paths=paths)
    both = Criteria(includes=("src/**",), excludes=("src/docs/**",))
    assert not verdict(pushed("src/docs/a", "other"), file_paths=both)
    assert verdict(pushed("src/a"), file_paths=both)


def test_branch_and_paths_must_both_match_but_filters_are_alternatives() -> None:
    branches, paths = Criteria(("main",)), Criteria(("src/**",))
    assert not verdict(pushed("src/a", branch="topic"), branches=branches, file_paths=paths)
    assert not verdict(pushed("docs/a"), branches=branches, file_paths=paths)
    trigger = Trigger(
        "Push", (PushFilter(branches, None, paths), PushFilter(Criteria(("topic",)), None, None))
    )
    assert judge(trigger, pushed("docs/a", branch="topic")).starts
    assert not judge(trigger, pushed("docs/a")).starts


def test_tags_start_only_what_asks_for_tags() -> None:
    tag = Push(commit="c", branch=None, tag="v1", files=())
    assert verdict(tag, tags=Criteria(("v*",)))
    assert not verdict(tag, branches=Criteria(("main",)))
    assert not verdict(pushed("a"), tags=Criteria(("v*",)))


def test_a_value_with_quotes_stays_one_value_inside_json() -> None:
    given = {"E": '[{"value": "#{a.b}"}]', "C": "#{a.b}", "Odd": "[not json #{a.b}"}
    resolved = resolve_configuration(given, {"a": {"b": 'x"y'}})
    assert resolved == {"E": '[{"value": "x\\"y"}]', "C": 'x"y', "Odd": '[not json x"y'}


def test_every_reference_without_a_value_is_named() -> None:
    with pytest.raises(ActionError, match=r"#\{a\.c\}, #\{z\.b\}"):
        resolve_configuration({"C": "#{a.b} #{a.c} #{z.b}"}, {"a": {"b": "1"}})
