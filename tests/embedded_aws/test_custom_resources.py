"""Custom resources whose functions are the CDK's, or fail: made, or refused at once and by name.

Proved on the running emulator with functions of Node that do what that of `AwsCustomResource` does:
import a client of the AWS SDK that no function brings, and look for its commands.
Not proved: every service's client.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from botocore.exceptions import WaiterError

from tests.embedded_aws.emulated import DEV, REGION, Credentials, Server, Session
from tests.support import aws

ANSWER = """
const answer = (event, Data) => new Promise((resolve, reject) => {
  const { hostname, pathname } = new URL(event.ResponseURL);
  const body = JSON.stringify({ Status: "SUCCESS", PhysicalResourceId: "made", Data });
  const request = require("https").request({ hostname, path: pathname, method: "PUT" }, resolve);
  request.on("error", reject);
  request.end(body);
});
"""
CALLS = """
const { IAM } = require("@aws-sdk/client-iam");
const iam = new IAM({});
exports.handler = async (event) => {
  const sdk = require("@aws-sdk/client-ssm");
  const find = (test) => Object.entries(sdk).find(([name]) => test(name))[1];
  const Client = find((name) => name.endsWith("Client"));
  const Command = find((name) => name.toLowerCase() === "putparametercommand");
  const client = new Client({});
  const parameter = { Name: "/made/by-node", Value: "v", Type: "String", Overwrite: true };
  await client.send(new Command(parameter));
  const refused = await iam.listUsers({}).catch((error) => error.message);
  await answer(event, { Region: await client.config.region(), Refused: refused });
};
"""
FAILS_TWICE = """
const { SSM } = require("@aws-sdk/client-ssm");
exports.handler = async (event) => {
  const attempt = { Name: "/attempts", Value: "v", Type: "String", Overwrite: true };
  const { Version } = await new SSM({}).putParameter(attempt);
  if (Version < 3) throw new Error("not yet");
  await answer(event, { Calls: Version });
};
"""
FAILS_AFTER_IT_ANSWERED = """
exports.handler = async (event) => {
  await answer(event, { Said: "it is there" });
  throw new Error("too late");
};
"""
FAILS = "exports.handler = async () => { throw new Error('no such table'); };"


def deployed(session: Session, name: str, code: str, *shown: str) -> dict[str, str]:
    """What the stack shows of its one custom resource, whose function has this code; or why the
    resource failed, as `Failed`."""
    iam, cloudformation = session.client("iam"), session.client("cloudformation")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=aws.trust("lambda"))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=aws.allow("*", "*"))
    function = {
        "Runtime": "nodejs22.x",
        "Handler": "index.handler",
        "Role": role["Arn"],
        "Code": {"ZipFile": ANSWER + code},
    }
    made = {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}
    template = {
        "Resources": {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Made": {"Type": "Custom::Made", "Properties": made},
        },
        "Outputs": {each: {"Value": {"Fn::GetAtt": ["Made", each]}} for each in shown},
    }
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    waiter = cloudformation.get_waiter("stack_create_complete")
    try:
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    except WaiterError:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        (reason,) = (
            event["ResourceStatusReason"]
            for event in events
            if (event["LogicalResourceId"], event["ResourceStatus"]) == ("Made", "CREATE_FAILED")
        )
        return {"Failed": reason}
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}


@pytest.fixture
def session(emulator: Server, administrators: Mapping[str, Credentials]) -> Session:
    return emulator.session(administrators[DEV])


def test_a_function_of_node_has_the_sdk_as_far_as_it_is_here(session: Session) -> None:
    assert deployed(session, "node-sdk", CALLS, "Region", "Refused") == {
        "Region": REGION,
        "Refused": "the embedded AWS has no @aws-sdk/client-iam for functions of Node: "
        "bundle it with the function",
    }
    parameter = session.client("ssm").get_parameter(Name="/made/by-node")["Parameter"]
    assert parameter["Value"] == "v"


def test_a_custom_resource_whose_function_fails_does_so_at_once_and_says_why(
    session: Session,
) -> None:
    failed = deployed(session, "failing-resource", FAILS)["Failed"]
    assert "its function failed 3 times, the last with: no such table" in failed


def test_a_custom_resource_is_tried_again_and_what_answered_counts(session: Session) -> None:
    assert deployed(session, "third-attempt", FAILS_TWICE, "Calls") == {"Calls": "3"}
    said = deployed(session, "answered-before", FAILS_AFTER_IT_ANSWERED, "Said")
    assert said == {"Said": "it is there"}
