"""A real push through a real emulator: hook, webhook, source, approval, deployment, the API.

Proves the wire: boto3 and the AWS CLI, git and its hook, roles across accounts. What builds
do is another test's matter. The tests use one pipeline one after the other and leave it idle.
"""

from __future__ import annotations

import io
import json
import stat
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.delivery import (
    BUCKET,
    GOOD,
    NAME,
    PIPELINE_ROLE,
    Delivery,
    deployment,
    pipeline,
    policy,
    trust,
)
from tests.embedded_aws.emulated import (
    DEV,
    REGION,
    REPOSITORY,
    TOOLS,
    Credentials,
    administrators,
    start,
)
from tests.embedded_aws.pipelines import action
from tests.embedded_aws.projects import ALLOWED, ROLE, Projects
from tests.support import aws


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    """The delivery, set up once."""
    root = tmp_path_factory.mktemp("delivery")
    worktree = tmp_path_factory.mktemp("worktree")
    with start(root, "codebuild", "codepipeline", "connections") as server:
        made = Delivery(server, administrators(server), worktree)
        made.set_up()
        yield made


def push(delivery: Delivery, message: str, template: Mapping[str, Any] = GOOD) -> str:
    """Pushes a change of the template; the id of the execution that starts."""
    # The emulator takes a template that differs in outputs only for unchanged.
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": message}}
    marked = {
        **template,
        "Resources": {**template["Resources"], "Topic": topic},
        "Outputs": {**GOOD["Outputs"], "Message": {"Value": message}},
    }
    said = delivery.commit_and_push(message, stack_json=json.dumps(marked))
    execution = str(delivery.newest()["pipelineExecutionId"])
    assert f"Pipeline {NAME} starts: execution {execution}" in said
    return execution


def delivered(delivery: Delivery) -> str:
    """The message of the commit that the dev account has now."""
    outputs = delivery.stack("delivered", DEV)["Outputs"]
    return next(str(o["OutputValue"]) for o in outputs if o["OutputKey"] == "Message")


def test_creating_the_pipeline_starts_it_and_an_empty_remote_fails_it(delivery: Delivery) -> None:
    (first,) = delivery.api.list_pipeline_executions(pipelineName=NAME)[
        "pipelineExecutionSummaries"
    ]
    assert delivery.ended(first["pipelineExecutionId"]) == "Failed"
    assert first["trigger"]["triggerType"] == "CreatePipeline"
    assert "Could not fetch main" in delivery.newest()["statusSummary"]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in delivery.stack("pipeline")["Outputs"]}
    assert outputs == {"Name": NAME, "Version": "1"}


def test_a_push_is_approved_and_deployed_to_the_other_account(delivery: Delivery) -> None:
    execution = push(delivery, 'say "hello"')
    approval = delivery.approval(execution)
    assert approval["summary"] == 'Deploy say "hello"?'
    delivery.answer(execution)
    delivery.succeeds(execution)
    stack = delivery.stack("delivered", DEV)
    assert delivered(delivery) == 'say "hello"'
    details = delivery.api.list_action_executions(
        pipelineName=NAME, filter={"pipelineExecutionId": execution}
    )["actionExecutionDetails"]
    by_name = {d["actionName"]: d for d in details}
    commit = delivery.git("rev-parse", "HEAD").strip()
    assert by_name["Push"]["output"]["outputVariables"]["CommitId"] == commit
    assert by_name["Deploy"]["output"]["outputVariables"]["TopicArn"].startswith("arn:aws:sns:")
    assert by_name["Deploy"]["output"]["executionResult"]["externalExecutionId"] == stack["StackId"]
    assert by_name["Prepare"]["input"]["inputArtifacts"][0]["s3location"]["bucket"] == BUCKET
    assert by_name["Approve"]["updatedBy"].endswith("user/administrator")
    assert delivery.newest()["sourceRevisions"][0]["revisionId"] == commit


def test_a_change_set_without_changes_is_a_success(delivery: Delivery) -> None:
    execution = delivery.api.start_pipeline_execution(name=NAME)["pipelineExecutionId"]
    delivery.answer(execution)
    delivery.succeeds(execution)


def test_a_rejection_leaves_the_stack_alone(delivery: Delivery) -> None:
    before = delivered(delivery)
    execution = push(delivery, "rejected")
    delivery.answer(execution, "Rejected", "not on Friday")
    assert delivery.ended(execution) == "Failed"
    assert "not on Friday" in delivery.newest()["statusSummary"]
    assert delivered(delivery) == before


def test_a_failed_deployment_names_the_resource_and_can_be_retried(delivery: Delivery) -> None:
    broken = {"Resources": {**GOOD["Resources"], "Bad": {"Type": "AWS::CodePipeline::Pipeline"}}}
    execution = push(delivery, "broken", broken)
    delivery.answer(execution)
    assert delivery.ended(execution) == "Failed"
    assert "Bad (AWS::CodePipeline::Pipeline)" in delivery.newest()["statusSummary"]
    delivery.api.retry_stage_execution(
        pipelineName=NAME, stageName="Dev", pipelineExecutionId=execution, retryMode="ALL_ACTIONS"
    )
    assert delivery.ended(execution) == "Failed"
    state = delivery.api.get_pipeline_state(name=NAME)["stageStates"][2]
    assert state["retryStageMetadata"]["manualStageRetryAttempt"] == 1


def test_a_template_too_large_to_be_sent_is_deployed_by_its_address(delivery: Delivery) -> None:
    execution = push(delivery, "large", {**GOOD, "Metadata": {"Padding": "x" * 60_000}})
    delivery.answer(execution)
    delivery.succeeds(execution)
    assert delivered(delivery) == "large"


def test_a_push_of_documents_only_starts_nothing_and_says_so(delivery: Delivery) -> None:
    before = delivery.newest()["pipelineExecutionId"]
    said = delivery.commit_and_push("docs", docs__guide_txt="read me", README_md="hello")
    assert "does not start: no changed file passes the path filters" in said
    assert delivery.newest()["pipelineExecutionId"] == before


def test_another_branch_starts_nothing(delivery: Delivery) -> None:
    said = delivery.git("push", "rehearsal", "HEAD:topic")
    assert "branch topic is filtered out" in said


def test_the_aws_cli_works_unchanged(delivery: Delivery, tmp_path: Path) -> None:
    execution = push(delivery, "by hand")
    token = delivery.approval(execution)["token"]

    def cli(*arguments: str) -> Any:
        done = subprocess.run(
            [REPOSITORY / ".venv" / "bin" / "aws", "codepipeline", *arguments, "--output", "json"],
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(tmp_path),
                **delivery.server.environment(delivery.administrators[TOOLS]),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    state = cli("get-pipeline-state", "--name", NAME)
    assert state["stageStates"][1]["latestExecution"]["status"] == "InProgress"
    approved = cli(
        *("put-approval-result", "--pipeline-name", NAME, "--stage-name", "Promote"),
        *("--action-name", "Approve", "--token", token),
        *("--result", "summary=ok,status=Approved"),
    )
    assert approved["approvedAt"]
    delivery.succeeds(execution)
    listed = cli("list-pipeline-executions", "--pipeline-name", NAME)
    assert listed["pipelineExecutionSummaries"][0]["status"] == "Succeeded"


def test_a_role_that_does_not_trust_the_pipeline_fails_its_action(delivery: Delivery) -> None:
    iam = delivery.client("iam", DEV)
    trusted = iam.get_role(RoleName="delivery-deploy")["Role"]["AssumeRolePolicyDocument"]
    nobody = aws.trust("lambda")
    iam.update_assume_role_policy(RoleName="delivery-deploy", PolicyDocument=nobody)
    try:
        execution = push(delivery, "distrusted")
        delivery.answer(execution)
        assert delivery.ended(execution) == "Failed"
        assert "cannot assume" in delivery.newest()["statusSummary"]
    finally:
        iam.update_assume_role_policy(
            RoleName="delivery-deploy", PolicyDocument=json.dumps(trusted)
        )


def test_a_source_role_without_the_connection_fails(delivery: Delivery) -> None:
    iam = delivery.client("iam")
    old = iam.get_role_policy(RoleName="delivery-source", PolicyName="p")["PolicyDocument"]
    iam.put_role_policy(
        RoleName="delivery-source", PolicyName="p", PolicyDocument=aws.allow("s3:PutObject", "*")
    )
    try:
        execution = push(delivery, "no connection")
        assert delivery.ended(execution) == "Failed"
        assert "Unable to use Connection" in delivery.newest()["statusSummary"]
    finally:
        iam.put_role_policy(
            RoleName="delivery-source", PolicyName="p", PolicyDocument=json.dumps(old)
        )


def test_permissions_are_those_of_the_action_that_is_approved(delivery: Delivery) -> None:
    session = delivery.server.session(delivery.administrators[TOOLS])
    arn = f"arn:aws:codepipeline:{REGION}:{TOOLS}:{NAME}"
    for name, resource, code in (
        ("approver", f"{arn}/Promote/Approve", "InvalidApprovalTokenException"),
        ("stranger", f"{arn}/Promote/Other", "AccessDeniedException"),
    ):
        person: Credentials = aws.user(
            session, name, aws.allow("codepipeline:PutApprovalResult", resource)
        )
        api = delivery.server.session(person).client("codepipeline")
        with pytest.raises(ClientError) as refusal:
            api.put_approval_result(
                pipelineName=NAME,
                stageName="Promote",
                actionName="Approve",
                token="00000000-0000-0000-0000-000000000000",
                result={"status": "Approved", "summary": ""},
            )
        assert refusal.value.response["Error"]["Code"] == code


def test_errors_are_the_documented_exceptions(delivery: Delivery) -> None:
    api = delivery.api
    unknown = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(api.exceptions.PipelineNotFoundException):
        api.get_pipeline(name="nobody")
    with pytest.raises(api.exceptions.PipelineVersionNotFoundException):
        api.get_pipeline(name=NAME, version=99)
    with pytest.raises(api.exceptions.PipelineExecutionNotFoundException):
        api.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=unknown)
    with pytest.raises(api.exceptions.PipelineExecutionNotStoppableException):
        api.stop_pipeline_execution(pipelineName=NAME, pipelineExecutionId=unknown)
    with pytest.raises(api.exceptions.NotLatestPipelineExecutionException):
        api.retry_stage_execution(
            pipelineName=NAME, stageName="Dev", pipelineExecutionId=unknown, retryMode="ALL_ACTIONS"
        )
    with pytest.raises(api.exceptions.InvalidNextTokenException):
        api.list_pipelines(nextToken="nonsense")
    with pytest.raises(ClientError, match="does not offer DisableStageTransition"):
        api.disable_stage_transition(
            pipelineName=NAME, stageName="Dev", transitionType="Inbound", reason="freeze"
        )
    with pytest.raises(api.exceptions.PipelineExecutionNotFoundException):
        api.rollback_stage(pipelineName=NAME, stageName="Dev", targetPipelineExecutionId=unknown)
    with pytest.raises(api.exceptions.JobNotFoundException):
        api.put_job_success_result(jobId=unknown)
    with pytest.raises(api.exceptions.ValidationException, match=r"'result\.summary'.*512"):
        api.put_approval_result(
            pipelineName=NAME,
            stageName="Promote",
            actionName="Approve",
            token=unknown,
            result={"status": "Approved", "summary": "x" * 513},
        )
    other = delivery.client("codepipeline", DEV)
    with pytest.raises(other.exceptions.PipelineNotFoundException):
        other.get_pipeline(name=NAME)


def test_pages_follow_each_other(delivery: Delivery) -> None:
    pages = delivery.api.get_paginator("list_action_executions").paginate(
        pipelineName=NAME, PaginationConfig={"PageSize": 2}
    )
    paged = [d["actionExecutionId"] for page in pages for d in page["actionExecutionDetails"]]
    whole = delivery.api.list_action_executions(pipelineName=NAME)["actionExecutionDetails"]
    assert paged == [d["actionExecutionId"] for d in whole]


def test_a_changed_definition_restarts_the_pipeline(delivery: Delivery) -> None:
    waiting = push(delivery, "overtaken by a new definition")
    delivery.approval(waiting)
    changed = pipeline()
    changed["Stages"][2]["Actions"].append(
        deployment(
            "Again",
            3,
            {
                "ActionMode": "CREATE_UPDATE",
                "StackName": "again",
                "TemplatePath": "Code::stack.json",
            },
            InputArtifacts=[{"Name": "Code"}],
        )
    )
    delivery.deploy_pipeline(changed)
    assert delivery.ended(waiting) == "Cancelled"
    restarted = delivery.newest()
    assert restarted["trigger"]["triggerType"] == "StartPipelineExecution"
    delivery.answer(restarted["pipelineExecutionId"])
    delivery.succeeds(restarted["pipelineExecutionId"])
    assert delivery.stack("again", DEV)["StackStatus"] == "CREATE_COMPLETE"
    assert delivery.api.get_pipeline(name=NAME)["pipeline"]["version"] == 2
    assert (
        len(delivery.api.get_pipeline(name=NAME, version=1)["pipeline"]["stages"][2]["actions"])
        == 2
    )


def test_what_the_rehearsal_cannot_run_is_refused_at_creation(delivery: Delivery) -> None:
    wrong = pipeline(Name="wrong")
    wrong["Stages"][1]["Actions"][0]["ActionTypeId"]["Provider"] = "Jenkins"
    delivery.deploy_pipeline(wrong, stack="wrong")
    events = delivery.client("cloudformation").describe_stack_events(StackName="wrong")
    reasons = [e.get("ResourceStatusReason", "") for e in events["StackEvents"]]
    assert any("no action provider AWS/Approval/Jenkins" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("member", "value", "complaint"),
    [
        (
            "ConnectionArn",
            f"arn:aws:codeconnections:{REGION}:999999999999:connection/elsewhere",
            "Unable to use Connection: arn:aws:codeconnections:us-west-2:999999999999:connection/"
            "elsewhere. Connection",
        ),
        ("FullRepositoryId", "nobody/nothing", "Could not access the repository nobody/nothing"),
    ],
)
def test_only_the_connection_that_is_played_reaches_only_its_repository(
    delivery: Delivery, member: str, value: str, complaint: str
) -> None:
    name = f"other-{member}"
    other = pipeline(Name=name)
    other["Stages"][0]["Actions"][0]["Configuration"][member] = value
    delivery.deploy_pipeline(other, stack=name)

    def latest() -> dict[str, Any]:
        rows = delivery.api.list_pipeline_executions(pipelineName=name)
        row: dict[str, Any] = rows["pipelineExecutionSummaries"][0]
        return row

    delivery.until(lambda: latest()["status"] != "InProgress", "the source action ends")
    assert latest()["status"] == "Failed"
    assert complaint in latest()["statusSummary"]
    assert name not in delivery.commit_and_push("for the played connection's pipelines only")


def test_a_symbolic_link_arrives_as_a_text_file(delivery: Delivery) -> None:
    (delivery.worktree / "link").symlink_to("stack.json")
    execution = push(delivery, "a link")
    delivery.approval(execution)
    (revision,) = delivery.api.list_action_executions(
        pipelineName=NAME, filter={"pipelineExecutionId": execution}
    )["actionExecutionDetails"][-1]["output"]["outputArtifacts"]
    place = revision["s3location"]
    body = delivery.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"]
    archive = zipfile.ZipFile(io.BytesIO(body.read()))
    assert archive.read("link") == b"stack.json"
    assert stat.S_ISREG(archive.getinfo("link").external_attr >> 16)
    assert archive.read("stack.json").startswith(b"{")
    delivery.answer(execution)
    delivery.succeeds(execution)


VARIABLES = """\
version: 0.2
phases:
  build:
    commands:
      - test "$CODEBUILD_INITIATOR" = codepipeline/with-a-build
      - test "$CODEBUILD_PROJECT_ARN" = "arn:aws:codebuild:$AWS_REGION:111111111111:project/built"
      - test "$CODEBUILD_RESOLVED_SOURCE_VERSION" = "$COMMIT"
      - test "${CODEBUILD_SOURCE_VERSION%%/*}" = arn:aws:s3:::delivery-artifacts
      - 'test "$CODEBUILD_BUILD_ID" = "built:$CODEBUILD_LOG_PATH"'
      - 'test "$CODEBUILD_BUILD_ARN" = "${CODEBUILD_PROJECT_ARN%:*}:build/$CODEBUILD_BUILD_ID"'
      - test "$CODEBUILD_BUILD_NUMBER$CODEBUILD_BUILD_SUCCEEDING$CODEBUILD_CI$CI" = 11truetrue
      - test -n "$CODEBUILD_BUILD_IMAGE" -a -n "$CODEBUILD_KMS_KEY_ID"
      - test "$CODEBUILD_START_TIME" -gt 0
      - test "$AWS_DEFAULT_REGION" = "$AWS_REGION"
      - test "$CODEBUILD_SRC_DIR" = "$PWD"
"""
"""What build-env-ref-env-vars documents for a build that a pipeline started."""


def test_a_build_in_a_pipeline_has_the_documented_variables(delivery: Delivery) -> None:
    role = f"arn:aws:iam::{TOOLS}:role/delivery-build"
    delivery._role(role, trust({"AWS": PIPELINE_ROLE}), policy("codebuild:*", "*"))
    projects = Projects(delivery.server)
    projects.role(ROLE, ALLOWED)
    source = {"type": "CODEPIPELINE", "buildspec": "variables.yml"}
    projects.project("built", "", source=source, artifacts={"type": "CODEPIPELINE"})
    delivery.commit_and_push("with a build", variables_yml=VARIABLES)
    commit = json.dumps([{"name": "COMMIT", "value": "#{Src.CommitId}", "type": "PLAINTEXT"}])
    configuration = {"ProjectName": "built", "EnvironmentVariables": commit}
    build = action("Build", RoleArn=role, Configuration=configuration)
    fetch = pipeline()["Stages"][0]
    stages = [fetch, {"Name": "Build", "Actions": [build]}]
    properties = pipeline(Name="with-a-build", Stages=stages, Triggers=[])
    delivery.deploy({"P": properties}, "builds")

    def status() -> str:
        (run,) = delivery.api.list_pipeline_executions(pipelineName="with-a-build")[
            "pipelineExecutionSummaries"
        ]
        return str(run["status"])

    delivery.until(lambda: status() != "InProgress", "it ends")
    builds = projects.client("codebuild").list_builds_for_project(projectName="built")["ids"]
    assert status() == "Succeeded", [projects.log(projects.get(each)) for each in builds]
    delivery.client("cloudformation").delete_stack(StackName="builds")
