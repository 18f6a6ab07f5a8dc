"""The rule `LambdaInvoke`: a function decides.

Source: CodePipeline user guide, "rule-reference-LambdaInvoke" (configuration) and
"action-reference-Lambda" (the event, and that the function answers with PutJobSuccessResult or
PutJobFailureResult; without an answer it hangs until its time is up, an hour by the quotas page).
The rule's own page says nothing of the answer: it is taken to be the action's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.credentials import ActionClients

POLL_SECONDS = 1.0
ANSWER_SECONDS = 3600


def invoke(context: Context) -> Outcome:
    """Calls the function with the job; whoever answers the job ends the rule."""
    name = context.configuration["FunctionName"]
    try:
        with ActionClients(context) as clients:
            event = json.dumps(_event(context, clients.credentials))
            answer = clients("lambda").invoke(FunctionName=name, Payload=event.encode())
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise ActionError(f"cannot invoke {name}: {message}", code="PermissionError") from error
    if answer.get("FunctionError"):
        raised = answer["Payload"].read().decode()
        raise ActionError(f"the function {name} raised: {raised}", code="ConfigurationError")
    deadline = time.monotonic() + ANSWER_SECONDS
    while context.wait(POLL_SECONDS):
        if time.monotonic() > deadline:
            raise ActionError(
                f"The AWS Lambda function {name} failed to return a result. Check the function to "
                "verify that it has permission to call the PutJobSuccessResult action and that it "
                "made a call to PutJobSuccessResult.",
                code="JobTimedOut",
            )
    return Outcome()


def _event(context: Context, credentials: Mapping[str, str]) -> dict[str, Any]:
    inputs = [
        {
            "name": artifact.name,
            "revision": None,
            "location": {
                "type": "S3",
                "s3Location": {"bucketName": artifact.bucket, "objectKey": artifact.key},
            },
        }
        for artifact in context.inputs.values()
    ]
    data = {
        "actionConfiguration": {"configuration": dict(context.configuration)},
        "inputArtifacts": inputs,
        "outputArtifacts": [],
        "artifactCredentials": {
            "accessKeyId": credentials["AccessKeyId"],
            "secretAccessKey": credentials["SecretAccessKey"],
            "sessionToken": credentials["SessionToken"],
        },
    }
    return {"CodePipeline.job": {"id": context.job, "accountId": context.account, "data": data}}
