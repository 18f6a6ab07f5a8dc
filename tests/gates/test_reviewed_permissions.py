"""The snapshot of permissions shows everything, and a difference from it can be read.

Proves what the snapshot contains and how a change of it is told. That each right in it is needed is
for a reviewer, and for the tests of least privilege, to say.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drafts import Draft

from assembly.pipeline import Delivery
from gates.shape import __main__ as command
from gates.shape.permissions import Role
from gates.shape.snapshot import permissions_were_reviewed, render
from tests.support.synthesis import REPOSITORY, Assembly


@pytest.fixture(scope="module")
def delivery(assembly: Assembly) -> Delivery:
    """The delivery, with the snapshot that it would have."""
    read = Delivery.read(assembly.directory, REPOSITORY, Path("none"))
    return replace(read, reviewed=render(read))


def test_every_role_is_in_the_snapshot(delivery: Delivery) -> None:
    for stack in (*delivery.stacks, *delivery.beside):
        for logical_id, role in stack.resources("AWS::IAM::Role"):
            name = role["Properties"].get("RoleName", logical_id)
            title = name if isinstance(name, str) else logical_id
            assert f"\n{stack.name} / role {title}\n" in delivery.reviewed


def test_a_widened_role_is_told_as_one_line_of_that_role(delivery: Delivery) -> None:
    draft = Draft.of(delivery)
    statement = {"Action": "s3:DeleteBucket", "Effect": "Allow", "Resource": "*"}
    draft.rights_of("SmokeRole", "tap-prod").append(statement)
    (violation,) = permissions_were_reviewed(draft.delivery)
    assert violation.where == "tap-prod / role tap-prod-smoke"
    assert violation.why.splitlines()[1:] == ["+ allow    s3:DeleteBucket  *"]


def test_a_removed_role_and_a_narrowed_one_are_told_too(delivery: Delivery) -> None:
    draft = Draft.of(delivery)
    (role,) = (k for k in draft.resources("tap-prod") if k.startswith("SmokeRole") and len(k) < 20)
    del draft.resources("tap-prod")[role]
    draft.rights_of("PipelineAssets").pop()
    told = {violation.where for violation in permissions_were_reviewed(draft.delivery)}
    assert "tap-prod / role tap-prod-smoke" in told
    assert any(where.startswith("tap-pipeline / role PipelineAssets") for where in told)


def test_a_statement_within_an_expression_is_not_left_out(delivery: Delivery) -> None:
    draft = Draft.of(delivery)
    hidden = {"Action": "iam:*", "Effect": "Allow", "Resource": "*"}
    draft.rights_of("SmokeRole", "tap-prod").append({"Fn::If": ["Never", hidden, hidden]})
    (violation,) = permissions_were_reviewed(draft.delivery)
    assert '"Action": "iam:*"' in violation.why


def test_what_is_denied_everywhere_is_not_allowed(delivery: Delivery) -> None:
    allow = {"Effect": "Allow", "Action": "codebuild:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "codebuild:StartBuild", "Resource": "*"}
    role = Role(delivery.pipeline_stack, "R", {}, [allow, deny])
    assert list(role.allows("codebuild:StartBuild")) == []
    assert list(role.allows("CodeBuild:stopbuild")) == ["*"]
    conditional = Role(delivery.pipeline_stack, "R", {}, [allow, deny | {"Condition": {}}])
    assert list(conditional.allows("codebuild:StartBuild")) == ["*"]


def test_the_command_writes_the_snapshot_and_says_what_changed(
    assembly: Assembly,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    snapshot = tmp_path / "iam.snapshot"
    monkeypatch.setattr(command, "SNAPSHOT", snapshot)
    assert command.main(assembly.directory) == 0
    assert "+tap-pipeline / role tap-pipeline-smoke-dev" in capsys.readouterr().out.splitlines()
    assert command.main(assembly.directory) == 0
    assert capsys.readouterr().out == ""


def test_without_an_assembly_the_command_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(tmp_path) == 1
    assert "run scripts/synth first" in capsys.readouterr().err
