"""A new version of a function takes over as its deployment group says, or not at all.

Proved on a running server with stacks that the CDK synthesized: CloudFormation deploys, hooks are
functions that answer by their own permissions, weights are those of the alias. A minute of waiting
is a part of a second there. Not proved: how often AWS looks at an alarm, which nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.embedded_aws.rollouts import Plan, Rollouts

LONG = (50, 200)
"""Half of the traffic for longer than a test waits."""


def under_way(rollouts: Rollouts, plan: Plan, condition: Callable[[], bool]) -> str:
    """Begins an update of a stack; its deployment, once the condition holds."""
    rollouts.begin(replace(plan, says="two"))
    rollouts.until(condition, "the deployment gets there")
    return str(rollouts.deployments(plan.name)[0]["deploymentId"])


def test_a_version_takes_over_between_its_hooks_and_a_new_alias_asks_nobody(
    rollouts: Rollouts,
) -> None:
    plan = Plan("hooked", shift=(10, 5), before="Succeeded", after="Succeeded", alarmed=True)
    assert rollouts.deploy(plan) == "CREATE_COMPLETE", rollouts.failures("hooked")
    assert rollouts.deployments("hooked") == []
    assert rollouts.said("hooked") == "one"

    assert rollouts.deploy(replace(plan, says="two")) == "UPDATE_COMPLETE"
    (made,) = rollouts.deployments("hooked")
    assert (made["status"], made["creator"]) == ("Succeeded", "CloudFormation")
    assert set(rollouts.events(made["deploymentId"]).values()) == {"Succeeded"}
    assert rollouts.target(made["deploymentId"])["lambdaFunctionInfo"] | {"functionName": ""} == {
        "functionName": "",
        "functionAlias": "live",
        "currentVersion": "1",
        "targetVersion": "2",
        "targetVersionWeight": 1.0,
    }
    assert rollouts.alias("hooked") == ("2", {})
    assert rollouts.said("hooked") == "two"


def test_traffic_is_shared_by_weight_until_a_stop_takes_it_back(rollouts: Rollouts) -> None:
    plan = Plan("shared", shift=LONG)
    assert rollouts.deploy(plan) == "CREATE_COMPLETE", rollouts.failures("shared")
    shared = ("1", {"2": 0.5})
    deployment = under_way(rollouts, plan, lambda: rollouts.alias("shared") == shared)
    assert {rollouts.said("shared") for _ in range(30)} == {"one", "two"}
    assert rollouts.deployment(deployment)["status"] == "InProgress"

    rollouts.api.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    assert rollouts.settled("shared") == "UPDATE_ROLLBACK_COMPLETE"
    assert "MANUAL_STOP" in rollouts.failures("shared")
    rollback, stopped = rollouts.deployments("shared")
    assert (stopped["status"], stopped["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    assert stopped["rollbackInfo"]["rollbackDeploymentId"] == rollback["deploymentId"]
    assert (rollback["status"], rollback["creator"]) == ("Succeeded", "codeDeployRollback")
    assert rollback["rollbackInfo"]["rollbackTriggeringDeploymentId"] == deployment
    assert rollouts.alias("shared") == ("1", {})
    assert {rollouts.said("shared") for _ in range(10)} == {"one"}


def test_a_version_that_its_first_hook_refuses_never_gets_a_call(rollouts: Rollouts) -> None:
    plan = Plan("refused", before="Failed", after="Succeeded")
    assert rollouts.deploy(plan) == "CREATE_COMPLETE", rollouts.failures("refused")
    assert rollouts.deploy(replace(plan, says="two")) == "UPDATE_ROLLBACK_COMPLETE"
    _, refused = rollouts.deployments("refused")
    assert refused["status"] == "Failed"
    assert refused["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"
    assert rollouts.events(refused["deploymentId"]) == {
        "BeforeAllowTraffic": "Failed",
        "AllowTraffic": "Skipped",
        "AfterAllowTraffic": "Skipped",
    }
    target = rollouts.target(refused["deploymentId"])
    assert target["lambdaFunctionInfo"]["targetVersionWeight"] == 0
    assert rollouts.alias("refused") == ("1", {})


def test_a_version_that_its_last_hook_refuses_is_taken_back(rollouts: Rollouts) -> None:
    plan = Plan("taken-back", after="Failed")
    assert rollouts.deploy(plan) == "CREATE_COMPLETE", rollouts.failures("taken-back")
    assert rollouts.deploy(replace(plan, says="two")) == "UPDATE_ROLLBACK_COMPLETE"
    _, refused = rollouts.deployments("taken-back")
    assert rollouts.events(refused["deploymentId"])["AllowTraffic"] == "Succeeded"
    assert (
        rollouts.target(refused["deploymentId"])["lambdaFunctionInfo"]["targetVersionWeight"] == 1
    )
    assert rollouts.alias("taken-back") == ("1", {})


def test_an_alarm_stops_a_deployment_and_the_old_version_has_everything_again(
    rollouts: Rollouts,
) -> None:
    plan = Plan("alarmed", shift=LONG, alarmed=True)
    assert rollouts.deploy(plan) == "CREATE_COMPLETE", rollouts.failures("alarmed")
    under_way(rollouts, plan, lambda: rollouts.alias("alarmed")[1] != {})
    rollouts.alarm("alarmed", "ALARM")
    assert rollouts.settled("alarmed") == "UPDATE_ROLLBACK_COMPLETE"
    _, stopped = rollouts.deployments("alarmed")
    assert (stopped["status"], stopped["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert "Activated alarms: alarmed" in stopped["errorInformation"]["message"]
    assert rollouts.alias("alarmed") == ("1", {})

    # As long as the alarm is active, nothing new begins.
    assert rollouts.deploy(replace(plan, says="three")) == "UPDATE_ROLLBACK_COMPLETE"
    stopped = rollouts.deployments("alarmed")[1]
    assert stopped["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert set(rollouts.events(stopped["deploymentId"]).values()) == {"Skipped"}


def test_an_alarm_that_cannot_be_read_fails_a_deployment_unless_that_is_to_be_ignored(
    rollouts: Rollouts,
) -> None:
    plan = Plan("unread", alarmed=True)
    assert rollouts.deploy(plan) == "CREATE_COMPLETE", rollouts.failures("unread")
    rollouts.session.client("cloudwatch").delete_alarms(AlarmNames=["unread"])
    assert rollouts.deploy(replace(plan, says="two")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "These alarms do not exist: unread" in rollouts.failures("unread")
    ignoring = replace(plan, says="three", group={"ignore_poll_alarms_failure": True})
    assert rollouts.deploy(ignoring) == "UPDATE_COMPLETE", rollouts.failures("unread")
    assert rollouts.said("unread") == "three"


def test_a_stack_that_fails_after_its_alias_moves_the_alias_back(rollouts: Rollouts) -> None:
    plan = Plan("later")
    assert rollouts.deploy(plan) == "CREATE_COMPLETE", rollouts.failures("later")
    broken = replace(plan, says="two", fails_later=True)
    assert rollouts.deploy(broken) == "UPDATE_ROLLBACK_COMPLETE", rollouts.failures("later")
    back, forth = rollouts.deployments("later")
    assert (forth["creator"], back["creator"]) == ("CloudFormation", "CloudFormationRollback")
    assert (forth["status"], back["status"]) == ("Succeeded", "Succeeded")
    assert rollouts.alias("later") == ("1", {})


def test_a_group_that_comes_with_a_version_deploys_that_version(rollouts: Rollouts) -> None:
    plan = Plan("joined", deployed=False)
    assert rollouts.deploy(plan) == "CREATE_COMPLETE", rollouts.failures("joined")
    joined = replace(plan, says="two", deployed=True)
    assert rollouts.deploy(joined) == "UPDATE_COMPLETE", rollouts.failures("joined")
    assert [d["status"] for d in rollouts.deployments("joined")] == ["Succeeded"]


def test_an_alias_in_a_nested_stack_is_deployed_and_taken_back_too(rollouts: Rollouts) -> None:
    plan = Plan("inner", after="Succeeded")
    assert rollouts.deploy_nested("outer", plan) == "CREATE_COMPLETE", rollouts.failures("outer")
    inner = rollouts.nested("outer")
    refused = replace(plan, says="two", after="Failed")
    assert rollouts.deploy_nested("outer", refused) == "UPDATE_ROLLBACK_COMPLETE"
    assert "HOOK_EXECUTION_FAILURE" in rollouts.failures("outer")
    assert rollouts.alias(inner)[0] == "1"
    assert rollouts.said(inner) == "one"

    good = replace(plan, says="three")
    assert rollouts.deploy_nested("outer", good) == "UPDATE_COMPLETE", rollouts.failures("outer")
    assert rollouts.said(inner) == "three"
    assert [d["status"] for d in rollouts.deployments("inner")] == [
        "Succeeded",
        "Succeeded",
        "Failed",
    ]


def test_without_a_rollback_the_stack_still_returns_the_alias(rollouts: Rollouts) -> None:
    kept = {"auto_rollback": {"failed_deployment": False}}
    plan = Plan("no-rollback", after="Failed", group=kept)
    assert rollouts.deploy(plan) == "CREATE_COMPLETE", rollouts.failures("no-rollback")
    assert rollouts.deploy(replace(plan, says="two")) == "UPDATE_ROLLBACK_COMPLETE"
    (failed,) = rollouts.deployments("no-rollback")
    assert "rollbackDeploymentId" not in failed["rollbackInfo"]
    assert rollouts.alias("no-rollback") == ("1", {})
