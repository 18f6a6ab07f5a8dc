"""What every CodeBuild project of the pipeline has in common, the ones CDK generates included."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct

# Amazon Linux 2023, which is what Lambda runs on. Its runtimes: CodeBuild user guide,
# "Available runtimes". CDK has no constant for 6.0 yet.
IMAGE: Final = "aws/codebuild/amazonlinux-x86_64-standard:6.0"
RUNTIMES: Final = {"python": "3.12", "nodejs": "24"}

# The pinned CLI neither reports how it is used nor looks for a newer self.
QUIET_CDK: Final = ("CDK_DISABLE_CLI_TELEMETRY", "CDK_DISABLE_VERSION_CHECK")

# A build that hangs should not bill for CodeBuild's default hour. The slowest, a cold synth, needs
# less than five minutes.
TIMEOUT: Final = cdk.Duration.minutes(20)
LOG_RETENTION: Final = logs.RetentionDays.ONE_YEAR


def runtimes() -> codebuild.BuildSpec:
    """The part of a buildspec that states the runtimes.

    Without it a build gets the image's defaults, which change under it.
    """
    return part(phases={"install": {"runtime-versions": RUNTIMES}})


def part(**sections: object) -> codebuild.BuildSpec:
    """A part of a buildspec, for CDK to lay over what it generates."""
    return codebuild.BuildSpec.from_object({"version": "0.2", **sections})


# What a build leaves for the project's next one on the same host: packages, what was installed of
# them, and what tools made of both. CodeBuild links the folder into the build (CodeBuild user
# guide, "Local caching"); what makes an environment anew removes a link in its place, so
# scripts/install-* install into the folder and link what they installed.
CACHE_FOLDER: Final = ".cache"
CACHE_SECTION: Final = {"cache": {"paths": [f"{CACHE_FOLDER}/**/*"]}}
_KEPT: Final = {
    "UV_CACHE_DIR": "uv",
    "PIP_CACHE_DIR": "pip",
    "npm_config_cache": "npm",
    "TAP_INSTALLED": "installed",
    # The CDK unpacks 200 MB for Python to call, unless they are there.
    "JSII_RUNTIME_PACKAGE_CACHE_ROOT": "jsii",
}
# By absolute names, since package managers are started elsewhere, where no file of a checkout can
# set them up; so by a command: variables of a buildspec cannot name another.
USE_CACHE: Final = " ".join(
    ["export", *(f'{variable}="$PWD/{CACHE_FOLDER}/{name}"' for variable, name in _KEPT.items())]
)

# The first commands of a build that only verifies: no package there that synthesizes or judges what
# was synthesized, since these builds take roles in the environments' accounts.
INSTALL_TO_VERIFY: Final = (USE_CACHE, "bash scripts/install-python requirements-verify.txt")


def cache() -> codebuild.Cache:
    """A cache on the build host, where one is warm (CodeBuild user guide, "Local caching").

    Not one in S3: what a smoke build may write must never reach a build that deploys.
    """
    return codebuild.Cache.local(codebuild.LocalCacheMode.CUSTOM)


def defaults() -> pipelines.CodeBuildOptions:
    """Image, runtimes and timeout of every project. None needs Docker, so none is privileged."""
    return pipelines.CodeBuildOptions(
        build_environment=environment(),
        partial_build_spec=runtimes(),
        timeout=TIMEOUT,
    )


def environment() -> codebuild.BuildEnvironment:
    """Where every project runs."""
    return codebuild.BuildEnvironment(
        build_image=codebuild.LinuxBuildImage.from_code_build_image_id(IMAGE),
        compute_type=codebuild.ComputeType.SMALL,
        privileged=False,
        environment_variables={
            name: codebuild.BuildEnvironmentVariable(value="true") for name in QUIET_CDK
        },
    )


def starts_no_builds() -> iam.PolicyStatement:
    """Takes back what CDK gives the role that publishes assets: to start any build.

    StartBuild takes a buildspec, so it would let that role run anything as any project's role.
    """
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["codebuild:StartBuild", "codebuild:StartBuildBatch"],
        resources=["*"],
    )


def project_name(step: str) -> str:
    """The name of a step's project, for life: tap-pipeline-<step>."""
    return f"tap-pipeline-{step}"


def log_group(scope: Construct, step: str) -> logs.LogGroup:
    """Where a step's project logs, with an end to what is kept.

    It has the name that CodeBuild would give it, so that the console's links work.
    """
    return logs.LogGroup(
        scope,
        f"Logs-{step}",
        log_group_name=f"/aws/codebuild/{project_name(step)}",
        retention=LOG_RETENTION,
        # Who deployed what, and what the tests said, outlives the pipeline. A first deployment that
        # fails must not leave them behind, or the second would find the names taken.
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )


def logging(group: logs.LogGroup) -> codebuild.LoggingOptions:
    """Logs to `group` and nowhere else."""
    return codebuild.LoggingOptions(
        cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=group, enabled=True)
    )


def role(
    scope: Construct,
    step: str,
    description: str,
    *,
    artifacts: s3.Bucket,
    log: logs.LogGroup,
    stores: str = "",
    may: tuple[iam.PolicyStatement, ...] = (),
) -> iam.IRole:
    """A step's role, by its project's name: to fetch its source, log, and store its artifact.

    stores: what the names of the artifacts begin with that it may write, "" for none. So no build
    can put something else in the place of what another one made, not even later, with credentials
    that it gave away. may: what it needs besides.

    Sources: CodeBuild user guide, "Allow CodeBuild to interact with other AWS services";
    CodePipeline user guide, "Input and output artifacts": objects are called
    PIPELINE/ARTIFACT/ID, long names cut short.
    """
    if artifacts.encryption_key is None:
        raise ValueError(f"{artifacts.node.path} has no key of its own")
    key, keys = artifacts.encryption_key, ["kms:Decrypt", "kms:DescribeKey"]
    needs = [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], log.log_group_arn),
        allow(["s3:GetBucketAcl", "s3:GetBucketLocation"], artifacts.bucket_arn),
        allow(["s3:GetObject", "s3:GetObjectVersion"], artifacts.arn_for_objects("*")),
        allow([*keys, *(["kms:GenerateDataKey"] if stores else [])], key.key_arn),
    ]
    if stores:
        needs.append(allow(["s3:PutObject"], artifacts.arn_for_objects(f"*/{stores}*/*")))
    made = iam.Role(
        scope,
        f"Role-{step}",
        role_name=project_name(step),
        description=description,
        assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
        inline_policies={"build": iam.PolicyDocument(statements=[*needs, *may])},
    )
    # CDK would add rights to write and delete any artifact, and to make report groups.
    return made.without_policy_updates()


def allow(actions: list[str], resource: str) -> iam.PolicyStatement:
    """A statement that allows actions on one resource."""
    return iam.PolicyStatement(actions=actions, resources=[resource])
