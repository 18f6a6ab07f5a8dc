"""A nested stack can be updated, again and again, and what an update would do can be seen.

Proved on the running emulator with an API in a nested stack, parts of which an update leaves alone,
and with stacks in stacks.
Not proved: that an update which fails half-way leaves a nested stack as it was.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.embedded_aws.emulated import DEV, REGION, Credentials, Server


def nested(description: str) -> dict[str, Any]:
    """An API with a resource at its root, and what the parent may know of both."""
    api = {"Name": "nested-updates", "Description": description}
    child = {
        "RestApiId": {"Ref": "Api"},
        "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
        "PathPart": "files",
    }
    return {
        "Resources": {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": api},
            "Files": {"Type": "AWS::ApiGateway::Resource", "Properties": child},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": description}},
        },
        "Outputs": {
            "Root": {"Value": {"Fn::GetAtt": ["Api", "RootResourceId"]}},
            "Topic": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}},
        },
    }


def test_what_an_update_leaves_alone_keeps_its_attributes(
    emulator: Server, administrators: Mapping[str, Credentials]
) -> None:
    session = emulator.session(administrators[DEV])
    s3, cloudformation = session.client("s3"), session.client("cloudformation")
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="nested-templates", CreateBucketConfiguration=where)

    def deploy(name: str, template: dict[str, Any]) -> dict[str, str]:
        s3.put_object(Bucket="nested-templates", Key=name, Body=json.dumps(template))
        url = f"https://s3.{REGION}.amazonaws.com/nested-templates/{name}"
        part = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
        outputs = {
            n: {"Value": {"Fn::GetAtt": ["Part", f"Outputs.{n}"]}} for n in ("Root", "Topic")
        }
        body = json.dumps({"Resources": {"Part": part}, "Outputs": outputs})
        exists = name != "first"
        call = cloudformation.update_stack if exists else cloudformation.create_stack
        call(StackName="updated-parent", TemplateBody=body)
        waiter = cloudformation.get_waiter(f"stack_{'update' if exists else 'create'}_complete")
        waiter.wait(StackName="updated-parent", WaiterConfig={"Delay": 1})
        (stack,) = cloudformation.describe_stacks(StackName="updated-parent")["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    first = deploy("first", nested("one"))
    assert deploy("second", nested("one")) == first
    assert deploy("third", nested("another")) == first


def test_a_change_set_says_what_changes_in_nested_stacks_too(
    emulator: Server, administrators: Mapping[str, Credentials]
) -> None:
    session = emulator.session(administrators[DEV])
    s3, cloudformation = session.client("s3"), session.client("cloudformation")
    bucket, stack = "previewed-templates", "previewed-parent"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    def parent(version: str, shown: str) -> str:
        """Holds a stack that holds a stack that has a queue; shown: a parameter down to it."""
        queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Seconds"}}}
        inner = {"Parameters": {"Seconds": {"Type": "String"}}, "Resources": {"Queue": queue}}
        if version != "first":
            inner["Resources"]["Another"] = {"Type": "AWS::SNS::Topic"}
        outer = _holding(version, "inner", {"Ref": "Seconds"})
        for name, body in (("inner", inner), ("outer", outer)):
            s3.put_object(Bucket=bucket, Key=f"{version}/{name}", Body=json.dumps(body))
        return json.dumps(_holding(version, "outer", shown))

    def _holding(version: str, held: str, seconds: Any) -> dict[str, Any]:
        url = f"https://s3.{REGION}.amazonaws.com/{bucket}/{version}/{held}"
        properties = {"TemplateURL": url, "Parameters": {"Seconds": seconds}}
        resource = {"Type": "AWS::CloudFormation::Stack", "Properties": properties}
        return {
            "Parameters": {"Seconds": {"Type": "String", "Default": "30"}},
            "Resources": {held.capitalize(): resource},
        }

    def changes(change_set: str) -> list[dict[str, Any]]:
        found = cloudformation.describe_change_set(ChangeSetName=change_set)
        return [each["ResourceChange"] for each in found["Changes"]]

    cloudformation.create_stack(StackName=stack, TemplateBody=parent("first", "30"))
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=stack, WaiterConfig={"Delay": 1})
    asked = {"StackName": stack, "TemplateBody": parent("second", "60")}
    made = cloudformation.create_change_set(**asked, ChangeSetName="all", IncludeNestedStacks=True)[
        "Id"
    ]

    (outer,) = changes(made)
    (inner,) = changes(outer["ChangeSetId"])
    assert outer["Replacement"] == inner["Replacement"] == "False"
    another, queue = changes(inner["ChangeSetId"])
    assert (another["Action"], another["LogicalResourceId"]) == ("Add", "Another")
    assert (queue["Action"], queue["Replacement"]) == ("Modify", "False")
    assert queue["Details"][0]["Target"]["Name"] == "VisibilityTimeout"
    described = cloudformation.describe_change_set(ChangeSetName=inner["ChangeSetId"])
    assert described["ParentChangeSetId"] == outer["ChangeSetId"]

    cloudformation.delete_change_set(ChangeSetName="all", StackName=stack)
    with pytest.raises(cloudformation.exceptions.ChangeSetNotFoundException):
        cloudformation.describe_change_set(ChangeSetName=inner["ChangeSetId"])
    plain = cloudformation.create_change_set(**asked, ChangeSetName="plain")["Id"]
    assert "ChangeSetId" not in changes(plain)[0]
    cloudformation.delete_change_set(ChangeSetName="plain", StackName=stack)


@pytest.mark.parametrize(("fails", "left"), [(False, ["always", "unless-new"]), (True, ["always"])])
def test_a_deleted_nested_stack_leaves_what_its_template_keeps(
    emulator: Server, administrators: Mapping[str, Credentials], fails: bool, left: list[str]
) -> None:
    """Deleted with its parent that was complete, or taken back with one whose creation failed."""
    session = emulator.session(administrators[DEV])
    s3, cloudformation = session.client("s3"), session.client("cloudformation")
    name = f"kept-by-nested-{str(fails).lower()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    policies = {"always": "Retain", "unless-new": "RetainExceptOnCreate", "never": "Delete"}
    queues = {
        kept.replace("-", ""): {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": policy,
            "Properties": {"QueueName": f"{name}-{kept}"},
        }
        for kept, policy in policies.items()
    }
    s3.put_object(Bucket=name, Key="nested", Body=json.dumps({"Resources": queues}))
    url = f"https://s3.{REGION}.amazonaws.com/{name}/nested"
    resources: dict[str, Any] = {
        "Part": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    }
    if fails:
        handle = {"Type": "AWS::CloudFormation::WaitConditionHandle", "DependsOn": "Part"}
        never = {"Handle": {"Ref": "Handle"}, "Timeout": "1", "Count": 1}
        resources |= {
            "Handle": handle,
            "Never": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": never},
        }
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    with pytest.raises(WaiterError) if fails else contextlib.nullcontext():
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1}
        )
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1}
    )
    urls = session.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    assert sorted(url.removesuffix("/").rpartition(f"{name}-")[2] for url in urls) == left
