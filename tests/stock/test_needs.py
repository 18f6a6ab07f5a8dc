"""Proves that what a pipeline needs is read from any app's assembly; what is not played is named.

The assemblies are synthesized here, by the CDK, from apps of a few lines.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from aws_cdk.pipelines import CodePipeline, CodePipelineSource, ShellStep

from embedded_aws.connections.played import CodeCommit, Connection, S3Object, Source
from embedded_aws.isolation import Isolation
from rehearsal import kept
from rehearsal.errors import RehearsalError, UnsupportedSourceError, UnusableAppError
from rehearsal.fidelity import RunEvidence, Status, table
from rehearsal.progress import Progress
from rehearsal.snapshot import Snapshot
from rehearsal.stock import behaviours
from rehearsal.stock.needs import Default, Needs
from rehearsal.stock.project import StockProject
from tests.stock.apps import Rehearsed
from tests.support.apps import scratch_app

DEFAULT = Default("111111111111", "us-east-1")
ARN = (
    "arn:aws:codeconnections:eu-west-1:444444444444:connection/aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb"
)
PIPELINE = cdk.Environment(account="444444444444", region="eu-west-1")


class Application(cdk.Stage):
    """A queue."""

    def __init__(
        self, scope: cdk.Stack, name: str, env: cdk.Environment | None, qualifier: str | None
    ) -> None:
        super().__init__(scope, name, env=env)
        synthesizer = cdk.DefaultStackSynthesizer(qualifier=qualifier) if qualifier else None
        sqs.Queue(cdk.Stack(self, "Queues", synthesizer=synthesizer), "Queue")


def connection(_: cdk.Stack) -> CodePipelineSource:
    return CodePipelineSource.connection("owner/group/name", "release", connection_arn=ARN)


def delivery(
    app: cdk.App,
    name: str,
    *targets: cdk.Environment | None,
    env: cdk.Environment | None = PIPELINE,
    source: Callable[[cdk.Stack], CodePipelineSource] = connection,
    qualifier: str | None = None,
) -> CodePipeline:
    """A pipeline that delivers a queue to each of the targets."""
    stack = cdk.Stack(app, name, env=env)
    synth = ShellStep("Synth", input=source(stack), commands=["cdk synth"])
    pipeline = CodePipeline(
        stack,
        "Pipeline",
        synth=synth,
        cross_account_keys=True,
    )
    for number, target in enumerate(targets):
        pipeline.add_stage(Application(stack, f"Stage{number}", target, qualifier))
    return pipeline


def read(app: cdk.App, wanted: str | None = None) -> Needs:
    app.synth()
    return Needs.read(Path(app.outdir), wanted, DEFAULT)


def at(account: str, region: str = "eu-west-1") -> cdk.Environment:
    return cdk.Environment(account=account, region=region)


def test_accounts_region_source_and_bootstraps_are_those_of_the_app() -> None:
    app = scratch_app()
    delivery(app, "Delivery", at("555555555555"), at("444444444444"), qualifier="ours")
    needs = read(app)
    assert needs.accounts == {"tools": "444444444444", "555555555555": "555555555555"}
    assert needs.region == "eu-west-1"
    assert needs.source == Connection(ARN, "owner/group/name", "release")
    assert needs.bootstraps == {
        "444444444444": (("eu-west-1", "hnb659fds"), ("eu-west-1", "ours")),
        "555555555555": (("eu-west-1", "ours"),),
    }
    assert [(t.name, t.accounts, t.smoke) for t in needs.targets] == [
        ("Stage0", ("555555555555",), None),
        ("Stage1", ("tools",), None),
    ]
    assert not needs.is_open


def test_what_an_app_leaves_open_is_in_the_default_account_and_region() -> None:
    app = scratch_app()
    delivery(app, "Delivery", None, env=None)
    needs = read(app)
    assert needs.accounts == {"tools": DEFAULT.account}
    assert needs.region == DEFAULT.region
    assert needs.bootstraps == {DEFAULT.account: ((DEFAULT.region, "hnb659fds"),)}
    assert needs.is_open


def test_a_pipeline_that_only_updates_itself_so_far_ends_with_that() -> None:
    app = scratch_app()
    delivery(app, "Delivery").build_pipeline()
    assert [each.stage for each in read(app).targets] == ["UpdatePipeline"]


def test_of_several_pipelines_one_is_asked_for_by_name() -> None:
    app = scratch_app()
    delivery(app, "One", at("555555555555"))
    delivery(app, "Two", at("666666666666"))
    with pytest.raises(UnusableAppError, match="--pipeline; there are: One, Two"):
        read(app)
    assert "555555555555" not in read(app, "Two").accounts
    with pytest.raises(UnusableAppError, match=r"no stack 'Three' .* there are: One, Two"):
        read(app, "Three")


def test_every_region_is_bootstrapped_that_has_a_stack_and_the_artifacts_have_one_each() -> None:
    app = scratch_app()
    delivery(app, "Delivery", at("555555555555"), at("555555555555", "us-west-1"))
    needs = read(app)
    assert needs.region == "eu-west-1"
    assert needs.regions == ("eu-west-1", "us-west-1")
    assert needs.bootstraps == {
        "444444444444": (("eu-west-1", "hnb659fds"),),
        "555555555555": (("eu-west-1", "hnb659fds"), ("us-west-1", "hnb659fds")),
    }
    row = "artifacts are copied to the regions of the actions that take them"
    (shown,) = [e for e in behaviours.of(needs)["of the pipeline"] if e.text == row]
    assert shown.shown_by == ("action:Stage1/Prepare",)


def code_commit(stack: cdk.Stack) -> CodePipelineSource:
    repository = codecommit.Repository.from_repository_name(stack, "Repository", "name")
    return CodePipelineSource.code_commit(repository, "release")


def uploads(stack: cdk.Stack) -> CodePipelineSource:
    bucket = s3.Bucket.from_bucket_name(stack, "Uploads", "uploads")
    return CodePipelineSource.s3(bucket, "source/code.zip")


@pytest.mark.parametrize(
    ("source", "played"),
    [
        (code_commit, CodeCommit("444444444444", "eu-west-1", "name", "release")),
        (uploads, S3Object("444444444444", "eu-west-1", "uploads", "source/code.zip")),
    ],
)
def test_commits_are_pushed_to_what_the_pipeline_follows_or_uploaded(
    source: Callable[[cdk.Stack], CodePipelineSource], played: Source
) -> None:
    app = scratch_app()
    delivery(app, "Delivery", at("444444444444"), source=source)
    assert read(app).source == played


def a_bucket_of_its_own(stack: cdk.Stack) -> CodePipelineSource:
    return CodePipelineSource.s3(s3.Bucket(stack, "Uploads", versioned=True), "code.zip")


def images(stack: cdk.Stack) -> CodePipelineSource:
    return CodePipelineSource.ecr(ecr.Repository.from_repository_name(stack, "Images", "images"))


def made_with_the_pipeline(stack: cdk.Stack) -> CodePipelineSource:
    made = cdk.CfnResource(
        stack, "Made", type="AWS::CodeStarConnections::Connection", properties={}
    )
    return CodePipelineSource.connection("owner/name", "main", connection_arn=made.ref)


def no_region(app: cdk.App) -> None:
    delivery(app, "Delivery", at("444444444444", "dev-region"))


def no_account(app: cdk.App) -> None:
    delivery(app, "Delivery", at("DEV_ACCOUNT"))


def no_pipeline(app: cdk.App) -> None:
    sqs.Queue(cdk.Stack(app, "Queues"), "Queue")


def another_source(app: cdk.App) -> None:
    delivery(app, "Delivery", at("444444444444"), source=images)


def made_with_it(app: cdk.App) -> None:
    delivery(app, "Delivery", at("444444444444"), source=a_bucket_of_its_own)


def no_arn(app: cdk.App) -> None:
    delivery(app, "Delivery", at("444444444444"), source=made_with_the_pipeline)


def two_repositories(app: cdk.App) -> None:
    other = CodePipelineSource.connection("owner/other", "main", connection_arn=ARN)
    pipeline = delivery(app, "Delivery")
    stage = Application(pipeline.node.scope, "Stage", at("444444444444"), None)
    step = ShellStep("Check", input=other, commands=["true"])
    pipeline.add_stage(stage, pre=[step])


def look_ups(app: cdk.App) -> None:
    pipeline = delivery(app, "Delivery")
    stage = Application(pipeline.node.scope, "Stage", at("555555555555"), None)
    for name in "abcdefg":
        ssm.StringParameter.value_from_lookup(cdk.Stack(stage, name), f"/{name}")
    pipeline.add_stage(stage)


def an_image(app: cdk.App) -> None:
    pipeline = delivery(app, "Delivery")
    stage = Application(pipeline.node.scope, "Stage", at("555555555555"), None)
    folder = Path(app.outdir, "image")
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    ecr_assets.DockerImageAsset(cdk.Stack(stage, "S"), "Front", directory=str(folder))
    pipeline.add_stage(stage)


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (look_ups, UnusableAppError, r"looks up .*parameterName=/a:.* and 2 more.*context\.json"),
        (an_image, UnusableAppError, r"publishes Docker images: Front\. Builds get no Docker"),
        (no_region, UnusableAppError, r"'dev-region' is no region: one is us-east-1"),
        (no_account, UnusableAppError, r"'DEV_ACCOUNT' is no account: 12 digits"),
        (no_pipeline, UnusableAppError, "no stack with a pipeline"),
        (another_source, UnsupportedSourceError, "a source of ECR, which is not played"),
        (made_with_it, UnsupportedSourceError, r"S3Bucket .* Bucket\.from_bucket_name"),
        (no_arn, UnsupportedSourceError, r"<Made>, which is not known before it is deployed"),
        (two_repositories, UnsupportedSourceError, r"owner/group/name, .*owner/other"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_by_name(
    make: Callable[[cdk.App], None], kind: type[RehearsalError], said: str
) -> None:
    app = scratch_app()
    make(app)
    with pytest.raises(kind, match=said):
        read(app)


def test_accounts_that_need_another_bootstrap_are_not_those_that_were_kept() -> None:
    digests = set()
    for qualifier in (None, "ours"):
        app = scratch_app()
        delivery(app, "Delivery", at("555555555555"), qualifier=qualifier)
        needs = read(app)
        project = StockProject(
            folder=Path(app.outdir),
            region=needs.region,
            accounts=needs.accounts,
            targets=needs.targets,
            source=needs.source,
            needs=needs,
            shot=Snapshot("c" * 40, clean=True),
            shell="",
        )
        digests.add(kept.bootstrap_digest(project))
    assert len(digests) == 2


def test_what_a_careless_app_writes_while_it_is_synthesized_stays_out_of_its_folder(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "app"
    made = cdk.App(outdir=str(folder / "prepared"))
    delivery(made, "Delivery", at("555555555555"))
    made.synth()
    (folder / "cdk.json").write_text('{"app": "sh app.sh", "output": "elsewhere"}')
    (folder / "app.sh").write_text('touch litter ../litter; cp -R prepared/. "$CDK_OUTDIR"\n')
    app = Rehearsed(folder, tmp_path / "root")
    before = app.contents()
    said = io.StringIO()
    project = StockProject.synthesized(
        folder, app.root, "rehearse", Progress(said), wanted=None, default=DEFAULT
    )
    assert set(project.accounts) == {"tools", "555555555555"}
    assert "stage Stage0: account 555555555555" in said.getvalue()
    assert app.contents() == before
    assert not (tmp_path / "litter").exists()


def test_a_row_is_exercised_only_when_every_action_of_its_kind_succeeded() -> None:
    app = scratch_app()
    delivery(app, "Delivery", at("555555555555"), at("666666666666"))
    needs = read(app)
    actions = {action.where for action in needs.pipeline.actions}
    row = "change sets are made and executed by the bootstrap's roles"
    for lost, status in (
        (set(), Status.EXERCISED),
        ({"Stage1/Deploy"}, Status.NOT_EXERCISED),
    ):
        evidence = RunEvidence.of(actions - lost, {}, Isolation())
        rows = table(evidence, needs.targets, behaviours.of(needs))
        assert {each.behaviour: each.status for each in rows}[row] is status
