"""A pipeline whose actions are in several regions, on a running emulator.

Proves that each region has its own artifact store, that artifacts are copied to the region of the
action that takes them, there and back, with the pipeline's role, and that a region knows only its
own pipelines and stacks.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.delivery import Delivery, policy, trust
from tests.embedded_aws.emulated import REGION, TOOLS
from tests.embedded_aws.test_sources import fetched, source

ELSEWHERE = "eu-west-1"
STORES = {REGION: "regions-artifacts-here", ELSEWHERE: "regions-artifacts-elsewhere"}
ROLE = f"arn:aws:iam::{TOOLS}:role/regions-pipeline"
TOPIC = {"Type": "AWS::SNS::Topic"}
TEMPLATE = {
    "Parameters": {"From": {"Type": "String", "Default": "nowhere"}},
    "Resources": {"Topic": {**TOPIC, "Properties": {"DisplayName": {"Ref": "From"}}}},
    "Outputs": {"Where": {"Value": {"Ref": "AWS::Region"}}},
}


def deploys(name: str, inputs: list[str], **more: Any) -> dict[str, Any]:
    """An action that deploys the template of the source."""
    configuration = {
        "ActionMode": "CREATE_UPDATE",
        "StackName": f"regions-{name}",
        "TemplatePath": "Code::stack.json",
        **more.pop("Configuration", {}),
    }
    kind = {"Category": "Deploy", "Owner": "AWS", "Provider": "CloudFormation", "Version": "1"}
    return {
        "Name": name,
        "ActionTypeId": kind,
        "Configuration": configuration,
        "InputArtifacts": [{"Name": each} for each in inputs],
        **more,
    }


def pipeline() -> dict[str, Any]:
    """Deploys in the other region, then here what the first deployment said."""
    there = deploys(
        "There",
        ["Code"],
        Region=ELSEWHERE,
        OutputArtifacts=[{"Name": "Said"}],
        Configuration={"OutputFileName": "outputs.json"},
    )
    parameters = {"From": {"Fn::GetParam": ["Said", "outputs.json", "Where"]}}
    back = deploys(
        "Back",
        ["Code", "Said"],
        RunOrder=2,
        Configuration={"ParameterOverrides": json.dumps(parameters)},
    )
    fetch = source("S3", S3Bucket="regions-source", S3ObjectKey="a.zip")
    fetch["Configuration"]["PollForSourceChanges"] = "false"
    return {
        "Name": "regions",
        "RoleArn": ROLE,
        "ArtifactStores": [
            {"Region": region, "ArtifactStore": {"Type": "S3", "Location": bucket}}
            for region, bucket in STORES.items()
        ],
        "Stages": [
            {"Name": "Source", "Actions": [fetch]},
            {"Name": "Deploy", "Actions": [there, back]},
        ],
    }


@pytest.fixture(scope="module")
def regions(pipelines: Delivery) -> Delivery:
    """The role, a bucket in each region, and the template as a version of the source."""
    iam = pipelines.client("iam")
    trusted = json.dumps(trust({"Service": "codepipeline.amazonaws.com"}))
    iam.create_role(RoleName="regions-pipeline", AssumeRolePolicyDocument=trusted)
    for region, name in [*STORES.items(), (REGION, "regions-source")]:
        where = {"LocationConstraint": region}
        s3 = _client(pipelines, "s3", region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    s3.put_bucket_versioning(Bucket="regions-source", VersioningConfiguration={"Status": "Enabled"})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("stack.json", json.dumps(TEMPLATE))
    s3.put_object(Bucket="regions-source", Key="a.zip", Body=archive.getvalue())
    return pipelines


def _client(made: Delivery, service: str, region: str) -> Any:
    return made.server.session(made.administrators[TOOLS], region).client(service)


def _allow(made: Delivery, *buckets: str) -> None:
    """Lets the pipeline's role use these buckets, and whatever else it needs."""
    objects = [f"arn:aws:s3:::{name}/*" for name in (*buckets, "regions-source")]
    allowed = policy(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], "")
    allowed["Statement"][0]["Resource"] = objects
    deploys = policy(["cloudformation:*", "sns:*"], "*")["Statement"]
    allowed["Statement"] += deploys
    made.client("iam").put_role_policy(
        RoleName="regions-pipeline", PolicyName="p", PolicyDocument=json.dumps(allowed)
    )


def _ended(made: Delivery) -> dict[str, Any]:
    """The newest execution, once it has ended."""
    fetched(made, "regions")
    rows: list[dict[str, Any]] = []

    def over() -> bool:
        listed = made.api.list_pipeline_executions(pipelineName="regions")
        rows[:] = listed["pipelineExecutionSummaries"]
        return bool(rows[0]["status"] != "InProgress")

    made.until(over, "it ends")
    return rows[0]


def test_artifacts_go_to_the_region_of_the_action_that_takes_them_and_come_back(
    regions: Delivery,
) -> None:
    _allow(regions, STORES[REGION])
    regions.deploy({"P": pipeline()}, "regions")
    failed = _ended(regions)
    assert failed["status"] == "Failed"
    assert f"cannot copy artifact Code from {STORES[REGION]}" in failed["statusSummary"]

    _allow(regions, *STORES.values())
    regions.api.start_pipeline_execution(name="regions")
    ended = _ended(regions)
    assert ended["status"] == "Succeeded", ended.get("statusSummary")
    assert regions.stack("regions-Back")["Parameters"] == [
        {"ParameterKey": "From", "ParameterValue": ELSEWHERE}
    ]
    there = _client(regions, "cloudformation", ELSEWHERE)
    (stack,) = there.describe_stacks(StackName="regions-There")["Stacks"]
    assert stack["StackId"].split(":")[3] == ELSEWHERE
    with pytest.raises(ClientError, match="does not exist"):
        regions.stack("regions-There")
    runs = regions.api.list_action_executions(pipelineName="regions")["actionExecutionDetails"]
    said = next(r for r in runs if r["actionName"] == "There" and r["status"] == "Succeeded")
    assert said["input"]["region"] == ELSEWHERE
    (made,) = said["output"]["outputArtifacts"]
    assert made["s3location"]["bucket"] == STORES[ELSEWHERE]
    pipelines = _client(regions, "codepipeline", ELSEWHERE)
    with pytest.raises(ClientError, match="PipelineNotFoundException"):
        pipelines.get_pipeline(name="regions")
