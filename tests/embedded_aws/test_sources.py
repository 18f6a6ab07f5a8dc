"""Sources other than a connection's zip, on a running emulator: S3, CodeCommit, full clones.

Proves what starts a pipeline (polling, EventBridge as the CDK synthesizes it), what a source action
takes with which permissions, and that a build gets a repository with its history and links. One
server plays one source after the other.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.connections import played
from tests.embedded_aws.delivery import (
    BUCKET,
    CONNECTION,
    PIPELINE_ROLE,
    REPOSITORY,
    Delivery,
    policy,
)
from tests.embedded_aws.emulated import REGION, TOOLS, root_of
from tests.embedded_aws.pipelines import APPROVAL, action
from tests.embedded_aws.projects import Projects

CODE = [{"Name": "Code"}]
CODECOMMIT = played.CodeCommit(TOOLS, REGION, "application")
S3 = played.S3Object(TOOLS, REGION, "application-source", "application.zip")
STARTER = f"arn:aws:iam::{TOOLS}:role/starter"
ALLOWED = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "codecommit:GetBranch",
    "codecommit:GetCommit",
    "codecommit:UploadArchive",
    "codestar-connections:UseConnection",
    "codebuild:StartBuild",
    "codebuild:BatchGetBuilds",
]


def source(provider: str, **configuration: str) -> dict[str, Any]:
    return {
        "Name": "Push",
        "ActionTypeId": {
            "Category": "Source",
            "Owner": "AWS",
            "Provider": provider,
            "Version": "1",
        },
        "Configuration": configuration,
        "Namespace": "Src",
        "OutputArtifacts": CODE,
    }


def pipeline(name: str, source: dict[str, Any], *rest: dict[str, Any]) -> dict[str, Any]:
    """Source, then an approval, or the given action."""
    return {
        "Name": name,
        "RoleArn": PIPELINE_ROLE,
        "PipelineType": "V2",
        "ArtifactStore": {"Type": "S3", "Location": BUCKET},
        "Stages": [
            {"Name": "Source", "Actions": [source]},
            {"Name": "Next", "Actions": list(rest) or [action("Approve", APPROVAL)]},
        ],
    }


@pytest.fixture(scope="module")
def sources(pipelines: Delivery) -> Delivery:
    """The permissions that these sources need, and a commit with a link."""
    iam = pipelines.client("iam")
    name = PIPELINE_ROLE.rpartition("/")[2]
    allowed = json.dumps(policy(ALLOWED, "*"))
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allowed)
    events = policy("sts:AssumeRole", None, Principal={"Service": "events.amazonaws.com"})
    iam.create_role(RoleName="starter", AssumeRolePolicyDocument=json.dumps(events))
    may_start = json.dumps(policy("codepipeline:StartPipelineExecution", "*"))
    iam.put_role_policy(RoleName="starter", PolicyName="p", PolicyDocument=may_start)
    (pipelines.worktree / "link").symlink_to("stack.json")
    pipelines.commit_and_push("first", stack_json="{}")
    return pipelines


def executions(made: Delivery, name: str) -> list[dict[str, Any]]:
    """All of them, the newest first."""
    rows: list[dict[str, Any]] = made.api.list_pipeline_executions(pipelineName=name)[
        "pipelineExecutionSummaries"
    ]
    return rows


def fetched(made: Delivery, name: str) -> dict[str, Any]:
    """The newest run of the source action, when it has ended."""
    found: list[dict[str, Any]] = []

    def over() -> bool:
        newest = executions(made, name)[0]["pipelineExecutionId"]
        found[:] = made.api.list_action_executions(
            pipelineName=name, filter={"pipelineExecutionId": newest}
        )["actionExecutionDetails"]
        found[:] = [row for row in found if row["actionName"] == "Push"]
        return bool(found) and found[0]["status"] != "InProgress"

    made.until(over, f"{name} has its source")
    return found[0]


def archive(made: Delivery, run: dict[str, Any]) -> zipfile.ZipFile:
    """The artifact that a source action made."""
    place = run["output"]["outputArtifacts"][0]["s3location"]
    body = made.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"]
    return zipfile.ZipFile(io.BytesIO(body.read()))


def rule(pattern: dict[str, Any], name: str) -> dict[str, Any]:
    """A rule of EventBridge that starts a pipeline, as the CDK makes it."""
    arn = f"arn:aws:codepipeline:{REGION}:{TOOLS}:{name}"
    target = {"Id": "Target0", "Arn": arn, "RoleArn": STARTER}
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {"EventPattern": pattern, "State": "ENABLED", "Targets": [target]},
    }


def test_a_push_uploads_the_commit_and_the_polling_pipeline_takes_it(sources: Delivery) -> None:
    S3.write(sources.server.root)
    given = pipeline("polled", source("S3", S3Bucket=S3.bucket, S3ObjectKey=S3.key))
    sources.deploy({"P": given}, "polled")
    assert fetched(sources, "polled")["status"] == "Failed"
    said = sources.commit_and_push("feat: by upload", note_txt="uploaded")
    newest = executions(sources, "polled")[0]
    assert f"Pipeline polled starts: execution {newest['pipelineExecutionId']}" in said
    assert newest["trigger"]["triggerType"] == "PollForSourceChanges"
    run = fetched(sources, "polled")
    s3 = sources.client("s3")
    version = s3.head_object(Bucket=S3.bucket, Key=S3.key)["VersionId"]
    assert run["output"]["outputVariables"]["VersionId"] == version
    assert archive(sources, run).read("note.txt") == b"uploaded"
    revision = executions(sources, "polled")[0]["sourceRevisions"][0]
    assert (revision["revisionId"], revision["revisionSummary"]) == (version, "feat: by upload")


def test_an_upload_by_anybody_is_noticed_and_an_older_version_can_be_asked_for(
    sources: Delivery,
) -> None:
    S3.write(sources.server.root)
    s3 = sources.client("s3")
    before = executions(sources, "polled")
    old = s3.head_object(Bucket=S3.bucket, Key=S3.key)["VersionId"]
    by_hand = io.BytesIO()
    with zipfile.ZipFile(by_hand, "w") as file:
        file.writestr("note.txt", "by hand")
    s3.put_object(Bucket=S3.bucket, Key=S3.key, Body=by_hand.getvalue())
    sources.until(lambda: len(executions(sources, "polled")) > len(before), "polling notices")
    assert archive(sources, fetched(sources, "polled")).read("note.txt") == b"by hand"
    override = {"actionName": "Push", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": old}
    sources.api.start_pipeline_execution(name="polled", sourceRevisions=[override])
    assert fetched(sources, "polled")["output"]["outputVariables"]["VersionId"] == old
    with pytest.raises(ClientError, match="what may be overridden here"):
        sources.api.start_pipeline_execution(
            name="polled", sourceRevisions=[{**override, "revisionType": "COMMIT_ID"}]
        )


def test_an_object_without_versions_is_no_source(sources: Delivery) -> None:
    s3 = sources.client("s3")
    s3.create_bucket(Bucket="unversioned", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="unversioned", Key="a.zip", Body=b"")
    given = source("S3", S3Bucket="unversioned", S3ObjectKey="a.zip", PollForSourceChanges="false")
    sources.deploy({"P": pipeline("unversioned", given)}, "unversioned")
    assert fetched(sources, "unversioned")["status"] == "Failed"
    assert "keeps no versions" in executions(sources, "unversioned")[0]["statusSummary"]


def test_a_push_starts_what_follows_the_uploads_events(sources: Delivery) -> None:
    S3.write(sources.server.root)
    given = source("S3", S3Bucket=S3.bucket, S3ObjectKey=S3.key, PollForSourceChanges="false")
    names = ["CompleteMultipartUpload", "CopyObject", "PutObject"]
    detail = {
        "resources": {"ARN": [f"arn:aws:s3:::{S3.bucket}/{S3.key}"]},
        "eventName": names,
        "requestParameters": {"bucketName": [S3.bucket], "key": [S3.key]},
    }
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": detail,
    }
    sources.deploy({"P": pipeline("told", given)}, "told")
    resources = {"Rule": rule(pattern, "told")}
    _stack(sources, "told-rule", resources)
    said = sources.commit_and_push("told", note_txt="told")
    newest = executions(sources, "told")[0]
    assert newest["pipelineExecutionId"] in said
    assert newest["trigger"]["triggerType"] == "CloudWatchEvent"


def _stack(made: Delivery, name: str, resources: dict[str, Any]) -> None:
    cloudformation = made.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    made.until(lambda: made.stack(name)["StackStatus"] == "CREATE_COMPLETE", f"{name} is there")


def test_a_push_to_codecommit_starts_what_its_rule_names(sources: Delivery) -> None:
    CODECOMMIT.write(sources.server.root)
    given = source(
        "CodeCommit",
        RepositoryName="application",
        BranchName="main",
        PollForSourceChanges="false",
    )
    sources.deploy({"P": pipeline("committed", given)}, "committed")
    pattern = {
        "source": ["aws.codecommit"],
        "resources": [CODECOMMIT.arn],
        "detail-type": ["CodeCommit Repository State Change"],
        "detail": {"event": ["referenceCreated", "referenceUpdated"], "referenceName": ["main"]},
    }
    _stack(sources, "committed-rule", {"Rule": rule(pattern, "committed")})
    assert fetched(sources, "committed")["status"] == "Succeeded"
    said = sources.commit_and_push("feat: committed", note_txt="committed")
    newest = executions(sources, "committed")[0]
    assert f"Pipeline committed starts: execution {newest['pipelineExecutionId']}" in said
    assert newest["trigger"]["triggerType"] == "CloudWatchEvent"
    assert ":rule/" in newest["trigger"]["triggerDetail"]
    variables = fetched(sources, "committed")["output"]["outputVariables"]
    assert variables["CommitId"] == sources.git("rev-parse", "HEAD").strip()
    assert (variables["RepositoryName"], variables["BranchName"]) == ("application", "main")
    assert variables["CommitMessage"] == "feat: committed"
    assert {"AuthorDate", "CommitterDate"} <= variables.keys()
    said = sources.git("push", "rehearsal", "HEAD:topic")
    assert "nothing starts" in said


def test_a_rule_whose_role_may_not_start_the_pipeline_starts_nothing(sources: Delivery) -> None:
    CODECOMMIT.write(sources.server.root)
    iam = sources.client("iam")
    iam.delete_role_policy(RoleName="starter", PolicyName="p")
    try:
        before = executions(sources, "committed")
        said = sources.commit_and_push("feat: not permitted", note_txt="no")
        assert "committed" not in said
        assert executions(sources, "committed") == before
    finally:
        may_start = policy("codepipeline:StartPipelineExecution", "*")
        iam.put_role_policy(
            RoleName="starter", PolicyName="p", PolicyDocument=json.dumps(may_start)
        )


def test_only_the_played_repository_is_polled_and_read_and_only_with_permission(
    sources: Delivery,
) -> None:
    CODECOMMIT.write(sources.server.root)
    stranger = source("CodeCommit", RepositoryName="other", BranchName="main")
    friend = source("CodeCommit", RepositoryName="application", BranchName="main")
    both = {"S": pipeline("stranger", stranger), "F": pipeline("friend", friend)}
    sources.deploy(both, "stranger")
    assert fetched(sources, "stranger")["status"] == "Failed"
    assert "other does not exist" in executions(sources, "stranger")[0]["statusSummary"]
    assert fetched(sources, "friend")["status"] == "Succeeded"
    sources.commit_and_push("feat: polled", note_txt="polled")
    assert len(executions(sources, "stranger")) == 1
    newest = executions(sources, "friend")[0]
    assert newest["trigger"] == {"triggerType": "PollForSourceChanges", "triggerDetail": "Push"}
    assert fetched(sources, "friend")["output"]["outputVariables"]["CommitId"] == (
        sources.git("rev-parse", "HEAD").strip()
    )
    iam, role = sources.client("iam"), PIPELINE_ROLE.rpartition("/")[2]
    less = json.dumps(policy([a for a in ALLOWED if a != "codecommit:UploadArchive"], "*"))
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=less)
    try:
        sources.api.start_pipeline_execution(name="committed")
        run = fetched(sources, "committed")
        assert run["output"]["executionResult"]["errorDetails"]["code"] == "PermissionError"
    finally:
        again = json.dumps(policy(ALLOWED, "*"))
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=again)


def test_what_is_asked_for_names_a_commit_and_is_no_option_of_gits(sources: Delivery) -> None:
    played.Connection(CONNECTION, REPOSITORY).write(sources.server.root)
    given = source(
        "CodeStarSourceConnection",
        ConnectionArn=CONNECTION,
        FullRepositoryId=REPOSITORY,
        BranchName="main",
    )
    sources.deploy({"P": pipeline("connected", given)}, "connected")
    assert fetched(sources, "connected")["status"] == "Succeeded"
    written = sources.server.root / "written"
    asked = {
        "actionName": "Push",
        "revisionType": "COMMIT_ID",
        "revisionValue": f"--output={written}",
    }
    sources.api.start_pipeline_execution(name="connected", sourceRevisions=[asked])
    assert fetched(sources, "connected")["status"] == "Failed"
    assert "Could not fetch main" in executions(sources, "connected")[0]["statusSummary"]
    assert not list(written.parent.glob(f"{written.name}*"))


SPEC = {
    "version": "0.2",
    "phases": {
        "build": {
            "commands": [
                "git log --format=%s > subjects",
                "git remote get-url origin",
                "git status --short --branch",
                'test "$(git rev-parse HEAD)" = "$CODEBUILD_RESOLVED_SOURCE_VERSION"',
                "test -L link && grep -q first subjects && wc -l < subjects",
            ]
        }
    },
}
CLONES = {
    "connection": (
        source(
            "CodeStarSourceConnection",
            ConnectionArn=CONNECTION,
            FullRepositoryId=REPOSITORY,
            BranchName="main",
            OutputArtifactFormat="CODEBUILD_CLONE_REF",
        ),
        played.Connection(CONNECTION, REPOSITORY),
        "codestar-connections:UseConnection",
        f"https://codestar-connections.{REGION}.amazonaws.com/git-http/{TOOLS}/{REGION}/provider/"
        f"{REPOSITORY}.git",
    ),
    "codecommit": (
        source(
            "CodeCommit",
            RepositoryName="application",
            BranchName="main",
            PollForSourceChanges="false",
            OutputArtifactFormat="CODEBUILD_CLONE_REF",
        ),
        CODECOMMIT,
        "codecommit:GitPull",
        f"https://git-codecommit.{REGION}.amazonaws.com/v1/repos/application",
    ),
}


@pytest.mark.parametrize("kind", list(CLONES))
def test_a_full_clone_has_history_links_and_the_providers_address(
    sources: Delivery, kind: str
) -> None:
    given, source_played, permission, address = CLONES[kind]
    source_played.write(sources.server.root)
    projects = Projects(sources.server)
    role = projects.role(f"cloner-{kind}", ["logs:*", "s3:GetObject"])
    of_pipeline = {"type": "CODEPIPELINE"}
    projects.project(
        f"clone-{kind}",
        SPEC,
        serviceRole=role,
        source={**of_pipeline, "buildspec": json.dumps(SPEC)},
        artifacts=of_pipeline,
    )
    build = action("Build", Configuration={"ProjectName": f"clone-{kind}"})
    name = f"full-{kind}"
    sources.deploy({"P": pipeline(name, given, build)}, name)
    sources.until(lambda: executions(sources, name)[0]["status"] != "InProgress", f"{name} ends")
    assert (
        "authorization failed for primary source" in executions(sources, name)[0]["statusSummary"]
    )
    allowed = json.dumps(policy(["logs:*", "s3:GetObject", permission], "*"))
    session = sources.server.session(root_of(TOOLS))
    session.client("iam").put_role_policy(
        RoleName=f"cloner-{kind}", PolicyName="allowed", PolicyDocument=allowed
    )
    sources.api.start_pipeline_execution(name=name)
    sources.until(lambda: executions(sources, name)[0]["status"] != "InProgress", f"{name} ends")
    newest = executions(sources, name)[0]
    assert newest["status"] == "Succeeded", newest
    (run,) = (
        r
        for r in sources.api.list_action_executions(pipelineName=name)["actionExecutionDetails"]
        if r["actionName"] == "Build" and r["status"] == "Succeeded"
    )
    record = projects.get(run["output"]["executionResult"]["externalExecutionId"])
    said = projects.output(record)
    assert address in said
    assert "## HEAD (no branch)" in said
