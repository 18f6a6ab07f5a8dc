"""The reviewed texts show everything they are for, and a difference from them can be read.

Proves what the texts contain, that an application's code changes none of them while anything else
in an asset does, how a change is told, and that they are written whole or not at all. That each
line is right is for a reviewer to say; of each right, also for the tests of least privilege.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assembly import archives
from assembly.templates import NoAssemblyError
from gates import __main__ as command
from gates.delivery import REVIEWED, Delivery
from gates.reviewed import differences, render, write
from gates.rules import RULES
from gates.shape.roles import Role
from guards.held import without_held
from tests.gates.drafts import Draft
from tests.support.synthesis import Assembly

SMOKE = "SmokeRole"
FUNCTION = "services/requests/runtime/handler.py"


@pytest.fixture(scope="module")
def written(delivery: Delivery) -> Delivery:
    """The delivery, with the reviewed texts that it would have."""
    return replace(delivery, reviewed=render(delivery))


def told(draft: Draft | Delivery) -> dict[str, list[str]]:
    """The lines of each difference by its file and title."""
    delivery = draft if isinstance(draft, Delivery) else draft.delivery
    found = RULES["TAP-701"].findings(delivery)
    return {
        each.path.removeprefix(f"{REVIEWED}/"): [
            " ".join(e.split()) for e in each.subject.split("\n")
        ]
        for each in found
    }


def test_every_resource_of_every_stack_is_in_a_text(written: Delivery) -> None:
    titles = {line for text in written.reviewed.values() for line in text.splitlines()}
    shown = {line.rpartition(": ")[2] for line in titles if ": " in line}
    merged = {"AWS::IAM::Policy"}  # Its statements are among the rights of the role.
    by_their_own_names = {"AWS::CodePipeline::Pipeline", "AWS::CodeBuild::Project"}
    assert {
        each.type for each in written.assembly.resources()
    } - merged - by_their_own_names <= shown


def test_a_widened_role_is_told_as_one_line_of_that_role(written: Delivery) -> None:
    draft = Draft.of(written)
    statement = {"Action": "s3:DeleteBucket", "Effect": "Allow", "Resource": "*"}
    for stack in ("tap-dev", "tap-prod"):
        draft.rights_of(SMOKE, stack).append(statement)
    assert told(draft) == {
        "environment.txt, SmokeRole: AWS::IAM::Role": ["+ allow s3:DeleteBucket *"]
    }


def test_what_one_environment_alone_gets_is_told_as_its_own(written: Delivery) -> None:
    draft = Draft.of(written)
    draft.named_function("tap-prod-processor", "tap-prod")["MemorySize"] = 3008
    assert told(draft) == {
        "prod.txt, Requests/Processor/Function: AWS::Lambda::Function": [
            "is new",
            "+ lacks MemorySize 512",
            "+ has MemorySize 3008",
        ]
    }


def test_a_removed_role_and_a_narrowed_one_are_told_too(written: Delivery) -> None:
    draft = Draft.of(written)
    for stack in ("tap-dev", "tap-prod"):
        (role,) = (k for k in draft.resources(stack) if re.fullmatch("SmokeRole.{8}", k))
        del draft.resources(stack)[role]
    draft.rights_of("PipelineAssets").pop()
    found = told(draft)
    assert found["environment.txt, SmokeRole: AWS::IAM::Role"][0] == "is gone"
    assert any(title.startswith("delivery.txt, Pipeline/Assets") for title in found)


def test_a_statement_within_an_expression_is_not_left_out(written: Delivery) -> None:
    draft = Draft.of(written)
    hidden = {"Action": "iam:*", "Effect": "Allow", "Resource": "*"}
    draft.rights_of(SMOKE, "tap-prod").append({"Fn::If": ["Never", hidden, hidden]})
    (lines,) = told(draft).values()
    assert '"Action": "iam:*"' in lines[-1]


def test_what_is_denied_everywhere_is_not_allowed(written: Delivery) -> None:
    allow = {"Effect": "Allow", "Action": "codebuild:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "codebuild:StartBuild", "Resource": "*"}
    role = Role(written.pipeline.template, "R", {}, [allow, deny])
    assert list(role.allows("codebuild:StartBuild")) == []
    assert list(role.allows("CodeBuild:stopbuild")) == ["*"]
    conditional = Role(written.pipeline.template, "R", {}, [allow, deny | {"Condition": {}}])
    assert list(conditional.allows("codebuild:StartBuild")) == ["*"]


def test_every_action_build_and_command_is_in_the_text_of_the_delivery(written: Delivery) -> None:
    text = written.reviewed["delivery.txt"]
    for action in written.pipeline.actions:
        assert f"\naction {action.where}\n" in text
    for build in written.pipeline.builds:
        assert f"\nbuild {build.name}\n" in text
        for line in build.commands:
            shown = without_held(line).replace("\n", "\\n")
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
    moved_ = draft.stage("UpdatePipeline")
    draft.stages.remove(moved_)
    draft.stages.append(moved_)
    assert f"+ {len(draft.stages)} UpdatePipeline" in told(draft)["delivery.txt, stages"]


def test_a_reference_is_shown_by_where_it_leads_across_nested_stacks(written: Delivery) -> None:
    text = written.reviewed["environment.txt"]
    assert "Dimensions[QueueName].Value <Files/Images/DeadLetters.QueueName>" in text
    assert "Outputs.S3BucketName.Value <Files/Uploads>" in text


def test_two_resources_that_claim_one_path_are_told_apart(written: Delivery) -> None:
    draft = Draft.of(written)
    for stack in ("tap-dev", "tap-prod"):
        resources = draft.resources(stack)
        topic = next(k for k, each in resources.items() if each["Type"] == "AWS::SNS::Topic")
        resources["Stranger"] = json.loads(json.dumps(resources[topic]))
        resources["Stranger"]["Properties"]["TopicName"] = "elsewhere"
    found = told(draft)
    assert found["environment.txt, Monitor/Alarms (Stranger): AWS::SNS::Topic"][0] == "is new"


def moved(written: Delivery, folder: Path, change: Callable[[Path], object]) -> Delivery:
    """The delivery with the requests function's asset changed: its content, and so its hash."""
    function = Draft.of(written).named_function("tap-dev-processor", "tap-dev")
    old = function["Code"]["S3Key"].removesuffix(".zip")
    documents = json.loads(json.dumps(written.assembly.documents).replace(old, "0" * 64))
    for asset in written.assembly.directory.glob("asset.*"):
        if asset.name != f"asset.{old}.zip":
            (folder / asset.name).symlink_to(asset)
    with zipfile.ZipFile(written.assembly.directory / f"asset.{old}.zip") as archive:
        archive.extractall(folder / "code")
    change(folder / "code")
    archives.pack(folder / "code", folder / f"asset.{'0' * 64}.zip")
    assembly = replace(written.assembly, directory=folder, documents=documents)
    return replace(written, assembly=assembly)


def rewritten(asset: Path) -> None:
    """A line of the function, and what the CDK makes of it."""
    (asset / FUNCTION).write_text("def handler(event, context): ...\n")


def test_a_changed_function_changes_no_reviewed_text(written: Delivery, tmp_path: Path) -> None:
    changed = moved(written, tmp_path, rewritten)
    assert changed.assembly.documents != written.assembly.documents
    assert told(changed) == {}


@pytest.mark.parametrize(
    ("file", "shown"),
    [("sitecustomize.py", "sitecustomize.py"), ("jmespath/parser.py", "")],
    ids=["a module that the interpreter imports by itself", "a library with another content"],
)
def test_anything_else_in_an_asset_is_told(
    written: Delivery, tmp_path: Path, file: str, shown: str
) -> None:
    changed = moved(written, tmp_path, lambda asset: (asset / file).write_text("import os\n"))
    lines = told(changed)["environment.txt, Requests/Processor/Function: AWS::Lambda::Function"]
    assert any(line.startswith("+ Code") and shown in line for line in lines)


def test_an_apis_deployment_is_called_the_same_whatever_its_hash(written: Delivery) -> None:
    """One id in twenty ends with eight digits before its hash, which once was a false alarm."""
    old = next(k for k in Draft.of(written).resources("tap-dev") if k.startswith("RequestsApiDepl"))
    for number in range(4):
        text = json.dumps(written.assembly.documents)
        new = f"RequestsApiDeployment{number:08d}{number * 987654321:032x}"
        documents: Any = json.loads(text.replace(f'"{old}"', f'"{new}"'))
        assembly = replace(written.assembly, documents=documents)
        found = replace(written, assembly=assembly)
        assert told(found) == {}
        assert list(RULES["TAP-413"].findings(found)) == []


def test_a_line_cannot_pretend_to_be_a_block(written: Delivery) -> None:
    draft = Draft.of(written)
    question = draft.action("Promote", "Approve")["Configuration"]
    question["CustomData"] = "Deploy?\n\nstages\n  1  Prod"
    assert set(told(draft)) == {"delivery.txt, action Promote/Approve"}


def test_a_finding_names_the_file_the_difference_and_the_command(written: Delivery) -> None:
    draft = Draft.of(written)
    draft.named_function("tap-prod-processor", "tap-prod")["Timeout"] = 29
    (finding,) = RULES["TAP-701"].findings(draft.delivery)
    assert finding.path.startswith("gates/reviewed/prod.txt, Requests/Processor/Function")
    assert "+ has    Timeout        29" in finding.subject
    assert "`make accept`" in finding.fix


def test_accepting_writes_every_text_and_removes_those_of_what_is_no_more(
    delivery: Delivery, tmp_path: Path
) -> None:
    folder = tmp_path / REVIEWED
    folder.mkdir(parents=True)
    (folder / "staging.txt").write_text("# Of an environment that was.\n")
    for name in ("integ", "guards"):  # The suite says itself which checks it holds.
        (tmp_path / name).symlink_to(delivery.checkout / name)
    paths = write(replace(delivery, checkout=tmp_path))
    texts = {path.name: path.read_text() for path in folder.glob("*.txt")}
    assert {path.name for path in paths} == set(texts) == set(render(delivery))
    assert told(replace(delivery, reviewed=texts)) == {}


def test_a_text_of_what_is_no_more_is_told() -> None:
    old = "# Head.\n\nstack\n  Description    Old\n"
    assert list(differences("staging.txt", old, "")) == [
        (f"{REVIEWED}/staging.txt, stack", "is gone\n- Description    Old")
    ]
    assert list(differences("staging.txt", "# Head.\n", "")) == [
        (f"{REVIEWED}/staging.txt", "is gone")
    ]


def test_nothing_is_written_when_there_is_no_assembly(tmp_path: Path) -> None:
    assert command.main(["accept", str(tmp_path)]) == 2
    with pytest.raises(NoAssemblyError, match="run scripts/synth first"):
        command.accept(tmp_path, command.CHECKOUT)


def test_the_committed_texts_are_those_of_this_checkout(
    assembly: Assembly, delivery: Delivery
) -> None:
    assert delivery.assembly.directory == assembly.directory
    for name, text in render(delivery).items():
        assert (delivery.checkout / REVIEWED / name).read_text() == text
