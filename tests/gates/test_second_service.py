"""What a second service needs passes the rules: nested stacks, queues, events, several APIs.

Proves it for templates as the CDK writes them, in every environment alike, and that the same things
in one environment only, or served from elsewhere, do not pass. Does not deploy a second service.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assembly.templates import Assembly
from gates.delivery import Delivery
from gates.rules import RULES, check
from tests.gates.cases import PROD, arn, manifest, resource
from tests.gates.drafts import Draft

# By environment: its stack's folder, and the hash that the CDK gives the nested stack's names.
ENVIRONMENTS = {"dev": ("Dev", "0A1B2C3D"), "prod": ("Prod", "12345678")}


def nested_stack(environment: str, account: str) -> dict[str, Any]:
    """The template of a service's own stack: uploads that events announce, a queue, an API."""
    stage, hashed = ENVIRONMENTS[environment]
    custom = resource("Custom::S3BucketNotifications", ServiceToken=arn("Notifications"))
    role = {"Fn::Sub": f"arn:aws:iam::{account}:role/tap-{environment}-events"}
    target = {"Arn": {"Ref": "Work"}, "Id": "1", "RoleArn": role}
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [{"Ref": "Uploads"}]}}}
    uploads = f"Uploads{hashed}"
    resources = {
        uploads: resource(
            "AWS::S3::Bucket",
            declared={"DeletionPolicy": "Delete" if environment == "dev" else "Retain"},
            BucketName=f"tap-{environment}-uploads-{account}",
        ),
        "Notifications": resource("AWS::Lambda::Function"),
        "Announce": custom,
        "Lost": resource("AWS::SQS::Queue", QueueName=f"tap-{environment}-lost"),
        "Work": resource("AWS::StepFunctions::StateMachine"),
        "Arrived": resource("AWS::Events::Rule", EventPattern=pattern, Targets=[target]),
        "Files": resource("AWS::ApiGateway::RestApi", Name=f"tap-{environment}-files"),
    }
    path = f"TapPipelineStack/{stage}/TapStack/Second"
    for name, each in resources.items():
        each["Metadata"] = {"aws:cdk:path": f"{path}/{name.removesuffix(hashed)}/Resource"}
    return {
        "Parameters": {f"referencetoTapPipelineStack{stage}TapStackTopic{hashed}Ref": {}},
        "Resources": resources,
        "Outputs": {f"TapPipelineStack{stage}TapStackWork{hashed}Arn": {"Value": {"Ref": "Work"}}},
    }


def with_nested_stacks(delivery: Delivery) -> Draft:
    """The delivery with such a stack in each environment, by the address it is published at."""
    draft = Draft.of(delivery)
    for number, (environment, (stage, hashed)) in enumerate(ENVIRONMENTS.items()):
        account = delivery.intended.settings.environment(environment).account
        folder = f"assembly-TapPipelineStack-{stage}"
        file = f"TapPipelineStack{stage}TapStackFiles{hashed}.nested.template.json"
        draft.documents[f"{folder}/{file}"] = nested_stack(environment, account)
        assets = next(k for k in draft.documents if k.startswith(folder) and ".assets." in k)
        digest = f"{number}" * 64
        bucket = f"cdk-hnb659fds-assets-{account}-us-west-2"
        publisher = delivery.intended.bootstrap_role(account, "file-publishing")
        draft.documents[assets]["files"][digest] = {
            "source": {"path": file, "packaging": "file"},
            "destinations": {
                "d": {
                    "bucketName": bucket,
                    "objectKey": f"{digest}.json",
                    "assumeRoleArn": publisher.replace("arn:aws:", "arn:${AWS::Partition}:"),
                }
            },
        }
        url = {"Fn::Sub": f"https://s3.us-west-2.${{AWS::URLSuffix}}/{bucket}/{digest}.json"}
        stack = f"tap-{environment}"
        draft.add("FilesStack", "AWS::CloudFormation::Stack", stack, TemplateURL=url)
        handed = f"Outputs.TapPipelineStack{stage}TapStackWork{hashed}Arn"
        output = {"Value": {"Fn::GetAtt": ["FilesStack", handed]}}
        draft.template(stack)["Outputs"]["WorkArn"] = output
    return draft


def nested_file(draft: Draft, environment: str) -> str:
    """Where such a stack's template is, among those that are synthesized."""
    _, hashed = ENVIRONMENTS[environment]
    (file,) = (name for name in draft.documents if name.endswith(f"{hashed}.nested.template.json"))
    return str(file)


def made_up(draft: Draft, environment: str) -> Any:
    return draft.documents[nested_file(draft, environment)]


def test_a_service_in_a_nested_stack_breaks_no_rule_about_the_delivery(delivery: Delivery) -> None:
    found = check(with_nested_stacks(delivery).delivery)
    told = {each.rule for each in found if each.rule.startswith(("TAP-3", "TAP-4"))}
    assert told == set(), "\n".join(f"{each.path} {each.rule} {each.subject}" for each in found)


def test_rules_about_templates_see_nested_stacks(delivery: Delivery) -> None:
    found = check(with_nested_stacks(delivery).delivery)
    assert any(each.rule == "TAP-502" and "nested" in each.template for each in found)


def test_a_difference_within_a_nested_stack_is_told(delivery: Delivery) -> None:
    draft = with_nested_stacks(delivery)
    made_up(draft, "prod")["Resources"]["Lost"]["Properties"]["DelaySeconds"] = 900
    (finding,) = RULES["TAP-413"].findings(draft.delivery)
    assert finding.path == "prod / Second/Lost: AWS::SQS::Queue"
    assert finding.subject.splitlines() == [
        "otherwise than dev, it",
        "has    DelaySeconds   900",
    ]


def test_an_alarm_on_a_nested_stacks_api_watches_it(delivery: Delivery) -> None:
    draft = with_nested_stacks(delivery)
    draft.template("tap-prod")["Resources"]["Watch"] = watch("FilesStack", "Outputs.FilesRef")
    made_up(draft, "prod")["Outputs"]["FilesRef"] = {"Value": {"Ref": "Files"}}

    def unwatched() -> list[str]:
        return [each.path for each in RULES["TAP-502"].findings(draft.delivery)]

    assert [path for path in unwatched() if "Prod" in path] == []
    made_up(draft, "prod")["Outputs"]["FilesRef"] = {"Value": {"Ref": "Work"}}
    assert [path for path in unwatched() if "Prod" in path] == [
        "TapPipelineStack/Prod/TapStack/Second/Files/Resource"
    ]


def test_an_alarm_in_a_nested_stack_watches_what_is_handed_to_it(delivery: Delivery) -> None:
    draft = with_nested_stacks(delivery)
    resources = draft.resources("tap-prod")
    resources["Lonely"] = resource("AWS::StepFunctions::StateMachine")
    assert any(f.path.endswith("/Lonely") for f in RULES["TAP-503"].findings(draft.delivery))
    resources["FilesStack"]["Properties"]["Parameters"] = {"Handed": {"Ref": "Lonely"}}
    alarm = watch("Handed", "", namespace="AWS/States", metric="ExecutionsFailed")
    made_up(draft, "prod")["Resources"]["Watch"] = alarm
    assert not any(f.path.endswith("/Lonely") for f in RULES["TAP-503"].findings(draft.delivery))


def watch(
    name: str, attribute: str, *, namespace: str = "AWS/ApiGateway", metric: str = "5XXError"
) -> Any:
    """An alarm with an action on a metric of what is named."""
    value = {"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}
    return resource(
        "AWS::CloudWatch::Alarm",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": "X", "Value": value}],
        AlarmActions=["arn:aws:sns:us-west-2:333333333333:alarms"],
    )


def test_smoke_tests_may_call_an_api_of_a_nested_stack(delivery: Delivery) -> None:
    draft = with_nested_stacks(delivery)
    for environment in ENVIRONMENTS:
        address = {"Fn::GetAtt": ["FilesStack", "Outputs.Url"]}
        draft.template(f"tap-{environment}")["Outputs"]["RequestsApiUrl"]["Value"] = address
        url = "https://${Files}.execute-api.us-west-2.${AWS::URLSuffix}/live/"
        made_up(draft, environment)["Outputs"] = {"Url": {"Value": {"Fn::Sub": url}}}
    assert list(RULES["TAP-409"].findings(draft.delivery)) == []
    made_up(draft, environment)["Outputs"]["Url"]["Value"] = "https://always-green.example.com/"
    assert list(RULES["TAP-409"].findings(draft.delivery))


def test_an_address_made_of_a_nested_stacks_api_is_one(delivery: Delivery) -> None:
    draft = with_nested_stacks(delivery)
    url = "https://${FilesStack.Outputs.FilesRef}.execute-api.us-west-2.${AWS::URLSuffix}/live/"
    draft.template("tap-prod")["Outputs"]["RequestsApiUrl"]["Value"] = {"Fn::Sub": url}
    made_up(draft, "prod")["Outputs"]["FilesRef"] = {"Value": {"Ref": "Files"}}
    assert list(RULES["TAP-409"].findings(draft.delivery)) == []
    made_up(draft, "prod")["Outputs"]["FilesRef"] = {"Value": {"Ref": "Lost"}}
    assert list(RULES["TAP-409"].findings(draft.delivery))


def test_a_nested_stack_in_a_nested_stack_belongs_to_the_same_account() -> None:
    def parent(child: str) -> Any:
        metadata = {"Metadata": {"aws:asset:path": child}}
        return {"Resources": {"N": resource("AWS::CloudFormation::Stack", declared=metadata)}}

    documents = {
        "manifest.json": manifest(PROD),
        "t.template.json": parent("a.nested.template.json"),
        "a.nested.template.json": parent("b.nested.template.json"),
        "b.nested.template.json": {"Resources": {}},
        "stray.template.json": {"Resources": {}},
    }
    templates = Assembly(Path(), documents).templates
    accounts = {each.file: each.account for each in templates}
    assert accounts.pop("stray.template.json") == ""
    assert set(accounts.values()) == {PROD.account}


@pytest.mark.parametrize("helper", ["Custom::S3AutoDeleteObjects", "Custom::S3BucketNotifications"])
def test_the_cdks_helpers_are_served_by_a_function_of_their_template(
    delivery: Delivery, helper: str
) -> None:
    draft = Draft.of(delivery)
    draft.add("Helper", "AWS::Lambda::Function", "tap-prod")
    draft.add("Own", helper, "tap-prod", ServiceToken=arn("Helper"))
    assert list(RULES["TAP-420"].findings(draft.delivery)) == []
    draft.add("Own", helper, "tap-prod", ServiceToken=arn("Elsewhere"))
    assert list(RULES["TAP-420"].findings(draft.delivery))


def test_an_event_that_starts_a_state_machine_starts_no_delivery(delivery: Delivery) -> None:
    draft = Draft.of(delivery)
    target = {"Arn": {"Ref": "Machine"}, "Id": "1", "RoleArn": arn("Role")}
    draft.add("Nightly", "AWS::Events::Rule", "tap-prod", Targets=[target])
    assert list(RULES["TAP-417"].findings(draft.delivery)) == []
    target["Arn"] = {"Ref": "Pipeline9850B417"}
    draft.add("Nightly", "AWS::Events::Rule", Targets=[target])
    assert list(RULES["TAP-417"].findings(draft.delivery))
