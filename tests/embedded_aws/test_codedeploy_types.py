"""CloudFormation makes, changes and removes what CodeDeploy has, and says what is wrong with it.

Proved on a running server with templates that nobody's library wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.embedded_aws.emulated import DEV
from tests.embedded_aws.rollouts import Rollouts

ROLE = f"arn:aws:iam::{DEV}:role/nobody-assumes-it-here"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """A resource of CodeDeploy."""
    return {"Type": f"AWS::CodeDeploy::{kind}", "Properties": properties}


def canary(interval: object, **properties: Any) -> dict[str, Any]:
    """A configuration of a canary of 20 per cent."""
    parts = {"CanaryPercentage": "20", "CanaryInterval": interval}
    routing = {"Type": "TimeBasedCanary", "TimeBasedCanary": parts}
    return resource(
        "DeploymentConfig", ComputePlatform="Lambda", TrafficRoutingConfig=routing, **properties
    )


def group(**properties: Any) -> dict[str, Any]:
    """A deployment group of the template's application and configuration."""
    return resource(
        "DeploymentGroup",
        ApplicationName={"Ref": "Application"},
        DeploymentConfigName={"Ref": "Configuration"},
        ServiceRoleArn=ROLE,
        **properties,
    )


def template(**changed: Mapping[str, Any]) -> dict[str, Any]:
    """The three of them, unnamed."""
    alarms = {"Enabled": "true", "Alarms": [{"Name": "a"}]}
    resources = {
        "Application": resource("Application", ComputePlatform="Lambda"),
        "Configuration": canary("3"),
        "Group": group(AlarmConfiguration=alarms),
        **changed,
    }
    names = {name: {"Value": {"Ref": name}} for name in resources}
    return {"Resources": resources, "Outputs": names}


def deploy(rollouts: Rollouts, name: str, body: Mapping[str, Any]) -> dict[str, str]:
    """Deploys a stack; its outputs."""
    rollouts.begin_template(name, body)
    assert rollouts.settled(name).endswith(("CREATE_COMPLETE", "UPDATE_COMPLETE")), (
        rollouts.failures(name)
    )
    (stack,) = rollouts.cloudformation.describe_stacks(StackName=name)["Stacks"]
    assert "ROLLBACK" not in stack["StackStatus"], rollouts.failures(name)
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def test_unnamed_resources_are_made_changed_replaced_and_removed(rollouts: Rollouts) -> None:
    first = deploy(rollouts, "types", template())
    names = {"applicationName": first["Application"], "deploymentGroupName": first["Group"]}
    info = rollouts.api.get_deployment_group(**names)["deploymentGroupInfo"]
    assert info["alarmConfiguration"] == {"enabled": True, "alarms": [{"name": "a"}]}
    found = rollouts.api.get_deployment_config(deploymentConfigName=first["Configuration"])
    assert found["deploymentConfigInfo"]["trafficRoutingConfig"] == {
        "type": "TimeBasedCanary",
        "timeBasedCanary": {"canaryPercentage": 20, "canaryInterval": 3},
    }

    second = deploy(rollouts, "types", template(Configuration=canary(4), Group=group()))
    assert second["Configuration"] != first["Configuration"]
    assert second["Group"] == first["Group"]
    info = rollouts.api.get_deployment_group(**names)["deploymentGroupInfo"]
    assert info["deploymentConfigName"] == second["Configuration"]
    assert info["alarmConfiguration"] == {"enabled": False, "alarms": []}
    listed = rollouts.api.list_deployment_configs()["deploymentConfigsList"]
    assert first["Configuration"] not in listed

    rollouts.cloudformation.delete_stack(StackName="types")
    rollouts.cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="types", WaiterConfig={"Delay": 1}
    )
    assert first["Application"] not in rollouts.api.list_applications()["applications"]
    assert (
        second["Configuration"]
        not in (rollouts.api.list_deployment_configs()["deploymentConfigsList"])
    )


def test_a_named_configuration_cannot_change_under_its_name(rollouts: Rollouts) -> None:
    named = {"DeploymentConfigName": "named-for-good"}
    deploy(rollouts, "named", template(Configuration=canary(3, **named)))
    rollouts.begin_template("named", template(Configuration=canary(4, **named)))
    assert rollouts.settled("named") == "UPDATE_ROLLBACK_COMPLETE"
    assert "Rename named-for-good" in rollouts.failures("named")


@pytest.mark.parametrize(
    ("name", "changed", "reason"),
    [
        ("no-role", {"Group": group() | {"Properties": {"ApplicationName": "a"}}}, "serviceRole"),
        ("triggers", {"Group": group(TriggerConfigurations=[{"TriggerName": "t"}])}, "trigger"),
        ("events", {"Group": group(AutoRollbackConfiguration={"Events": ["ANY"]})}, "events.1"),
        ("percent", {"Configuration": canary("often")}, "canaryInterval"),
        ("ecs", {"Application": resource("Application", ComputePlatform="ECS")}, "only Lambda"),
    ],
)
def test_what_is_wrong_is_said_where_the_stack_fails(
    rollouts: Rollouts, name: str, changed: Mapping[str, Any], reason: str
) -> None:
    rollouts.begin_template(name, template(**changed))
    assert rollouts.settled(name) == "ROLLBACK_COMPLETE"
    assert reason in rollouts.failures(name)
