"""A nested stack can be updated, again and again.

Proved on the running emulator with an API in a nested stack, parts of which an update leaves alone.
Not proved: that an update which fails half-way leaves a nested stack as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
