"""The reviewed texts show everything they are for, and a difference from them can be read.

Proves what the texts contain, that an application's code changes none of them, how a change is
told, and that they are written whole or not at all. That each line is right is for a reviewer to
say; of each right, also for the tests of least privilege.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assembly.templates import NoAssemblyError
from gates import __main__ as command
from gates.delivery import REVIEWED, Delivery
from gates.reviewed import RENDERERS, differences, write
from gates.shape.roles import Role
from guards.held import without_held
from tests.gates.drafts import Draft
from tests.support.synthesis import Assembly

PERMISSIONS, PIPELINE = "permissions.txt", "delivery.txt"


@pytest.fixture(scope="module")
def written(delivery: Delivery) -> Delivery:
    """The delivery, with the reviewed texts that it would have."""
    return replace(delivery, reviewed={name: make(delivery) for name, make in RENDERERS.items()})


def told(draft: Draft, name: str) -> dict[str, list[str]]:
    """The lines of each difference by its title."""
    return {title: diff.splitlines() for title, diff in differences(draft.delivery, name)}


def test_every_role_is_in_the_text_of_permissions(written: Delivery) -> None:
    for role in written.resources("AWS::IAM::Role"):
        name = role.properties.get("RoleName", role.logical_id)
        title = name if isinstance(name, str) else role.logical_id
        assert f" / role {title}\n" in written.reviewed[PERMISSIONS]


def test_a_widened_role_is_told_as_one_line_of_that_role(written: Delivery) -> None:
    draft = Draft.of(written)
    statement = {"Action": "s3:DeleteBucket", "Effect": "Allow", "Resource": "*"}
    draft.rights_of("SmokeRole", "tap-prod").append(statement)
    assert told(draft, PERMISSIONS) == {
        "tap-prod / role tap-prod-smoke": ["+   allow    s3:DeleteBucket  *"]
    }


def test_a_removed_role_and_a_narrowed_one_are_told_too(written: Delivery) -> None:
    draft = Draft.of(written)
    (role,) = (k for k in draft.resources("tap-prod") if re.fullmatch("SmokeRole.{8}", k))
    del draft.resources("tap-prod")[role]
    draft.rights_of("PipelineAssets").pop()
    found = told(draft, PERMISSIONS)
    assert found["tap-prod / role tap-prod-smoke"][0] == "is gone"
    assert any(title.startswith("tap-pipeline / role PipelineAssets") for title in found)


def test_a_statement_within_an_expression_is_not_left_out(written: Delivery) -> None:
    draft = Draft.of(written)
    hidden = {"Action": "iam:*", "Effect": "Allow", "Resource": "*"}
    draft.rights_of("SmokeRole", "tap-prod").append({"Fn::If": ["Never", hidden, hidden]})
    (lines,) = told(draft, PERMISSIONS).values()
    assert '"Action": "iam:*"' in lines[0]


def test_what_is_denied_everywhere_is_not_allowed(written: Delivery) -> None:
    allow = {"Effect": "Allow", "Action": "codebuild:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "codebuild:StartBuild", "Resource": "*"}
    role = Role(written.pipeline.template, "R", {}, [allow, deny])
    assert list(role.allows("codebuild:StartBuild")) == []
    assert list(role.allows("CodeBuild:stopbuild")) == ["*"]
    conditional = Role(written.pipeline.template, "R", {}, [allow, deny | {"Condition": {}}])
    assert list(conditional.allows("codebuild:StartBuild")) == ["*"]


def test_every_action_build_and_command_is_in_the_text_of_the_delivery(written: Delivery) -> None:
    text = written.reviewed[PIPELINE]
    for action in written.pipeline.actions:
        assert f"\naction {action.where}\n" in text
    for build in written.pipeline.builds:
        assert f"\nbuild {build.name}\n" in text
        for line in map(without_held, build.commands):
            shown = line.replace("\n", "\\n")
            assert f" {shown}\n" in text or line.startswith("cdk-assets ")
    for name in (
        "scripts/smoke",
        "scripts/install-python",
        "scripts/node-path",
        "integ/pytest.ini",
    ):
        assert f"\n{name}\n" in text


def test_stages_in_another_order_are_told(written: Delivery) -> None:
    draft = Draft.of(written)
    move = draft.stage("UpdatePipeline")
    draft.stages.remove(move)
    draft.stages.append(move)
    assert f"+   {len(draft.stages)}              UpdatePipeline" in told(draft, PIPELINE)["stages"]


def test_a_changed_function_changes_no_reviewed_text(written: Delivery) -> None:
    draft = Draft.of(written)

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: other(each) for key, each in value.items()}
        if isinstance(value, list):
            return [other(each) for each in value]
        return re.sub(r"[0-9a-f]{64}", "0" * 64, value) if isinstance(value, str) else value

    for file, document in draft.documents.items():
        draft.documents[file] = other(document)
    assert draft.documents != written.assembly.documents
    assert [told(draft, name) for name in RENDERERS] == [{}] * len(RENDERERS)


def test_a_line_cannot_pretend_to_be_a_block(written: Delivery) -> None:
    draft = Draft.of(written)
    question = draft.action("Promote", "Approve")["Configuration"]
    question["CustomData"] = "Deploy?\n\nstages\n  1  Prod"
    assert set(told(draft, PIPELINE)) == {"action Promote/Approve"}


def test_accepting_writes_every_text_and_then_nothing_differs(
    delivery: Delivery, tmp_path: Path
) -> None:
    elsewhere = replace(delivery, checkout=tmp_path)
    paths = write(elsewhere)
    assert {path.name for path in paths} == set(RENDERERS)
    texts = {path.name: path.read_text() for path in paths}
    assert all(not list(differences(replace(elsewhere, reviewed=texts), name)) for name in texts)


def test_nothing_is_written_when_there_is_no_assembly(tmp_path: Path) -> None:
    assert command.main(["accept", str(tmp_path)]) == 2
    with pytest.raises(NoAssemblyError, match="run scripts/synth first"):
        command.accept(tmp_path, command.CHECKOUT)


def test_the_committed_texts_are_those_of_this_checkout(
    assembly: Assembly, delivery: Delivery
) -> None:
    assert delivery.assembly.directory == assembly.directory
    for name, render in RENDERERS.items():
        assert (delivery.checkout / REVIEWED / name).read_text() == render(delivery)
