"""A pipeline without builds: a connection's commit is approved, and its template deployed.

It shows what is around pipelines in seconds where one that builds would take minutes.
"""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_s3 as s3

from embedded_aws.connections.played import Connection

STACK, PIPELINE, DEPLOYED = "MyPipelineStack", "small", "small-app"
TEMPLATE = "template.json"


def write(assembly: Path, source: Connection, synthesizer: cdk.IStackSynthesizer) -> None:
    """Synthesizes it, in the connection's account and region."""
    app = cdk.App(outdir=str(assembly))
    env = cdk.Environment(account=source.account, region=source.region)
    stack = cdk.Stack(app, STACK, env=env, synthesizer=synthesizer)
    pipeline = codepipeline.Pipeline(
        stack,
        "Pipeline",
        pipeline_name=PIPELINE,
        pipeline_type=codepipeline.PipelineType.V2,
        artifact_bucket=s3.Bucket(stack, "Artifacts"),
    )
    code = codepipeline.Artifact("Code")
    owner, _, name = source.repository.partition("/")
    fetch = actions.CodeStarConnectionsSourceAction(
        action_name="Push",
        connection_arn=source.arn,
        owner=owner,
        repo=name,
        branch=source.branch,
        output=code,
    )
    deploy = actions.CloudFormationCreateUpdateStackAction(
        action_name="Deploy",
        stack_name=DEPLOYED,
        template_path=code.at_path(TEMPLATE),
        admin_permissions=True,
        run_order=2,
    )
    pipeline.add_stage(stage_name="Source", actions=[fetch])
    approve = actions.ManualApprovalAction(action_name="Approve", run_order=1)
    pipeline.add_stage(stage_name="Deploy", actions=[approve, deploy])
    app.synth()
