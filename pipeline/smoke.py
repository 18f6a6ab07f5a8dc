"""The smoke tests that run in the pipeline right after a deployment, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs, pipelines
from aws_cdk import aws_s3 as s3
from constructs import Construct

from pipeline import builds
from pipeline.source import SourceAction
from settings import Environment, Settings


def project_role_arn(settings: Settings, environment: Environment) -> str:
    """The role of an environment's smoke project, which that environment's smoke role trusts.

    Its name is fixed, so that the application can name it without an output of the pipeline.
    """
    name = builds.project_name(f"smoke-{environment.name}")
    return f"arn:aws:iam::{settings.tools_account}:role/{name}"


def smoke_step(
    scope: Construct,
    environment: Environment,
    *,
    source: SourceAction,
    artifacts: s3.Bucket,
    api_urls: Mapping[str, cdk.CfnOutput],
) -> pipelines.CodeBuildStep:
    """The step "Smoke": runs `scripts/smoke` as the environment's smoke role.

    api_urls: outputs with the addresses that it calls, by the suite's variable for each.

    Its JUnit report goes to a report group, also when tests fail; the page that people read is the
    step's artifact.
    """
    name = f"smoke-{environment.name}"
    logs = builds.log_group(scope, name)
    role = iam.Role(
        scope,
        f"Role-{name}",
        role_name=builds.project_name(name),
        description=f"Runs the smoke tests of {environment.name}: may only assume its smoke role",
        assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
        inline_policies={
            "smoke-tests": _statements(_may(["sts:AssumeRole"], environment.smoke_role_arn)),
            "build": _what_codebuild_needs(artifacts, logs, _report_group(scope, name)),
        },
    )
    return pipelines.CodeBuildStep(
        "Smoke",
        input=source.step,
        project_name=builds.project_name(name),
        # CDK would add rights to delete any artifact and to make report groups of its own.
        role=role.without_policy_updates(),
        logging=builds.logging(logs),
        env={
            "TAP_ENVIRONMENT": environment.name,
            "TAP_SMOKE_ROLE_ARN": environment.smoke_role_arn,
            "TAP_COMMIT": source.revision,
            **builds.PACKAGE_CACHES,
        },
        env_from_cfn_outputs=dict(api_urls),
        install_commands=["bash scripts/install-python"],
        commands=["bash scripts/smoke"],
        cache=builds.cache(),
        partial_build_spec=builds.part(
            **builds.CACHE_SECTION, reports=_reports(cdk.Stack.of(scope), name)
        ),
        primary_output_directory="reports",
    )


def _report_group(scope: Construct, name: str) -> codebuild.ReportGroup:
    return codebuild.ReportGroup(
        scope,
        f"Reports-{name}",
        report_group_name=builds.project_name(name),
        type=codebuild.ReportGroupType.TEST,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        delete_reports=True,
    )


def _what_codebuild_needs(
    artifacts: s3.Bucket, logs: aws_logs.LogGroup, reports: codebuild.ReportGroup
) -> iam.PolicyDocument:
    """To fetch its source, log, report and store its artifact.

    CodeBuild user guide, "Allow CodeBuild to interact with other AWS services" and "Test report
    permissions".
    """
    if artifacts.encryption_key is None:
        raise ValueError(f"{artifacts.node.path} has no key of its own")
    return _statements(
        _may(["logs:CreateLogStream", "logs:PutLogEvents"], logs.log_group_arn),
        _may(
            ["codebuild:CreateReport", "codebuild:UpdateReport", "codebuild:BatchPutTestCases"],
            reports.report_group_arn,
        ),
        _may(["s3:GetBucketAcl", "s3:GetBucketLocation"], artifacts.bucket_arn),
        _may(
            ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            artifacts.arn_for_objects("*"),
        ),
        _may(
            ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            artifacts.encryption_key.key_arn,
        ),
    )


def _statements(*statements: iam.PolicyStatement) -> iam.PolicyDocument:
    return iam.PolicyDocument(statements=list(statements))


def _may(actions: list[str], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=[resource])


def _reports(stack: cdk.Stack, name: str) -> dict[str, object]:
    # By its ARN, since CodeBuild takes a name for a new group, <project>-<name> (CodeBuild user
    # guide, "Build specification reference", reports). Written out, since a name of ours is enough
    # to know it, and a buildspec without references is one that people can read.
    group = builds.project_name(name)
    arn = f"arn:aws:codebuild:{stack.region}:{stack.account}:report-group/{group}"
    report = {"files": ["smoke.xml"], "base-directory": "reports", "file-format": "JUNITXML"}
    return {arn: report}
