"""What a stage deploys: a function behind an address that anybody may call."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

CODE = """
import os

def handler(event, context):
    return {"statusCode": 200, "body": "hello from " + os.environ["STAGE"]}
"""


class ApplicationStage(cdk.Stage):
    """One deployment. url: where it answers."""

    def __init__(self, scope: Construct, construct_id: str, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        stack = cdk.Stack(self, "Hello")
        function = lambda_.Function(
            stack,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_12,
            handler="index.handler",
            code=lambda_.Code.from_inline(CODE),
            environment={"STAGE": construct_id},
        )
        api = apigateway.LambdaRestApi(stack, "Api", handler=function)
        self.url = cdk.CfnOutput(stack, "Url", value=api.url)
