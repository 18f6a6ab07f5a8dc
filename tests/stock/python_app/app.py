#!/usr/bin/env python3
"""A pipeline in one account that delivers to two others and to two regions, as the CDK Pipelines
guide has it."""

import aws_cdk as cdk
from stock_python.pipeline_stack import PipelineStack

app = cdk.App()
PipelineStack(
    app, "StockPythonPipeline", env=cdk.Environment(account="111111111111", region="eu-west-1")
)
app.synth()
