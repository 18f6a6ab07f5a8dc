"""The approval asks what a person can answer, and the source action may reach the repository.

Proves it as synthesized for the settings in cdk.json. The order of stages and actions, the roles
they act as and what starts them are rules of the gates and the reviewed text of the delivery
(tests/gates); that CodePipeline runs them so is what the rehearsal shows, on an emulation.
"""

from __future__ import annotations

from settings import Settings
from tests.support.synthesis import REPOSITORY, Assembly

SETTINGS = Settings.of_checkout(REPOSITORY)


def test_the_approval_names_the_commit_and_the_account_and_gives_up(assembly: Assembly) -> None:
    approval = assembly.action("Promote", "Approve")
    source = assembly.action("Source", "Source")
    question = approval["Configuration"]["CustomData"]
    assert f"#{{{source['Namespace']}.CommitId}}" in question
    assert SETTINGS.guarded.account in question
    assert approval["TimeoutInMinutes"] == SETTINGS.approval_timeout_minutes


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
