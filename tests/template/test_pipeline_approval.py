"""The approval asks what a person can answer, and the source action may reach the repository.

Proves it as synthesized for the settings in cdk.json. The order of stages and actions, the roles
they act as and what starts them are rules of the gates and the reviewed text of the delivery
(tests/gates); that CodePipeline runs them so is what the rehearsal shows, on an emulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gates.delivery import Delivery
from gates.rules import RULES
from gates.shape.promotion import CONDITION
from ops.decisions import Bucket
from promotion import variables
from settings import Settings
from tests.support.synthesis import REPOSITORY, Assembly, with_settings

SETTINGS = Settings.of_checkout(REPOSITORY)
# "Quotas in AWS CodePipeline", action configuration value; and what its variables become.
LONGEST_VALUE, DIGEST, COMMIT = 1_000, 64, 64


@dataclass(frozen=True)
class Tools:
    """Clients that know where they are, and ask nobody."""

    account: str
    region: str

    def client(self, _: str) -> Any:
        meta = SimpleNamespace(region_name=self.region)
        return SimpleNamespace(meta=meta, get_caller_identity=lambda: {"Account": self.account})


def stage(assembly: Assembly, name: str) -> dict[str, Any]:
    (pipeline,) = assembly.resources("AWS::CodePipeline::Pipeline")
    found: dict[str, Any] = next(each for each in pipeline["Stages"] if each["Name"] == name)
    return found


def test_the_approval_names_the_commit_and_the_account_and_gives_up(assembly: Assembly) -> None:
    approval = assembly.action("Promote", "Approve")
    source = assembly.action("Source", "Source")
    question = approval["Configuration"]["CustomData"]
    assert f"#{{{source['Namespace']}.CommitId}}" in question
    assert SETTINGS.guarded.account in question
    assert approval["TimeoutInMinutes"] == SETTINGS.approval_timeout_minutes
    assert len(question) < LONGEST_VALUE - variables.LONGEST - DIGEST - COMMIT


def test_the_approval_links_the_page_where_it_is_kept(assembly: Assembly) -> None:
    link = assembly.action("Promote", "Approve")["Configuration"]["ExternalEntityLink"]
    execution = "1f2e3d4c-0000-4000-8000-0123456789ab"
    tools = Tools(SETTINGS.tools_account, SETTINGS.region)
    address = Bucket("tap-pipeline", tools.client).promotion_address(execution)
    assert link.replace("#{codepipeline.PipelineExecutionId}", execution) == address


def test_the_approval_is_always_asked_unless_the_settings_say_otherwise(
    assembly: Assembly, tmp_path: Path
) -> None:
    assert "BeforeEntry" not in stage(assembly, "Promote")
    checkout = tmp_path / "checkout"
    skipping = with_settings(checkout, skip_approval_without_changes=True)
    assert stage(skipping, "Promote")["BeforeEntry"] == CONDITION
    delivery = Delivery.read(skipping.directory, checkout)
    judged = ("TAP-401", "TAP-403", "TAP-424", "TAP-425", "TAP-426")
    assert [finding for rule in judged for finding in RULES[rule].findings(delivery)] == []


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
