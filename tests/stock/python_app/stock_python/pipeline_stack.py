"""The pipeline: synth, a stage with a validation, an approval, and a wave across accounts and
regions."""

from typing import Any

import aws_cdk as cdk
from aws_cdk.pipelines import CodePipeline, CodePipelineSource, ManualApprovalStep, ShellStep
from constructs import Construct

from stock_python.application import ApplicationStage

CONNECTION = (
    "arn:aws:codestar-connections:eu-west-1:111111111111"
    ":connection/aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb"
)


class PipelineStack(cdk.Stack):
    """As a team would deploy it once, by hand."""

    def __init__(self, scope: Construct, construct_id: str, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        pipeline = CodePipeline(
            self,
            "Pipeline",
            cross_account_keys=True,
            synth=ShellStep(
                "Synth",
                input=CodePipelineSource.connection(
                    "example-org/stock-python", "main", connection_arn=CONNECTION
                ),
                commands=[
                    "npm install -g aws-cdk",
                    "python -m pip install -r requirements.txt",
                    "cdk synth",
                ],
            ),
        )
        test = ApplicationStage(
            self, "Test", env=cdk.Environment(account="222222222222", region="eu-west-1")
        )
        pipeline.add_stage(
            test,
            post=[
                ShellStep(
                    "Validate",
                    env_from_cfn_outputs={"ENDPOINT_URL": test.url},
                    commands=["curl -Ssf $ENDPOINT_URL | grep 'hello from Test'"],
                )
            ],
        )
        wave = pipeline.add_wave("Production", pre=[ManualApprovalStep("Approve")])
        for name, account, region in (
            ("Europe", "222222222222", "eu-west-1"),
            ("America", "333333333333", "us-east-2"),
        ):
            env = cdk.Environment(account=account, region=region)
            wave.add_stage(ApplicationStage(self, name, env=env))
