"""Approval by a person, provider `Manual`.

Source: CodePipeline user guide "approvals", "approvals-action-add" and "approvals-json-format".
The runner asks; the engine waits for `PutApprovalResult`.
"""

from __future__ import annotations

import json
from datetime import timedelta

from botocore.exceptions import ClientError

from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.credentials import ActionClients
from embedded_aws.codepipeline.executions import new_id, now
from embedded_aws.codepipeline.model import APPROVAL_TIMEOUT_MINUTES


def ask(context: Context) -> Outcome:
    """Makes the approval answerable and tells the topic, if the action has one."""
    configuration = context.configuration
    token = new_id()
    topic = configuration.get("NotificationArn")
    if topic:
        _notify(context, topic, token)
    context.report(
        token=token,
        external_id=token,
        summary=configuration.get("CustomData", ""),
        entity_url=configuration.get("ExternalEntityLink"),
    )
    return Outcome()


def _notify(context: Context, topic: str, token: str) -> None:
    minutes = context.action.timeout_minutes or APPROVAL_TIMEOUT_MINUTES
    expires = now() + timedelta(minutes=minutes)
    message = {
        "region": context.region,
        "approval": {
            "pipelineName": context.pipeline,
            "stageName": context.stage,
            "actionName": context.action.name,
            "token": token,
            "expires": expires.strftime("%Y-%m-%dT%H:%MZ"),
            "externalEntityLink": context.configuration.get("ExternalEntityLink"),
            "customData": context.configuration.get("CustomData"),
        },
    }
    try:
        with ActionClients(context) as clients:
            clients("sns").publish(
                TopicArn=topic,
                Subject=f"APPROVAL NEEDED: AWS CodePipeline {context.pipeline}"[:100],
                Message=json.dumps(message),
            )
    except ClientError as error:
        raise ActionError(
            f"cannot notify {topic}: {error.response['Error']['Message']}", code="PermissionError"
        ) from error
