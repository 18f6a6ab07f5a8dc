"""What the request service is measured against: the obvious way to write its function.

Three clients, made while the module loads, and three calls one after the other; no validation, no
logger, no metrics, no idempotency, and every failure is a 500. It reads the same variables as our
function. Never deployed.
"""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3

objects = boto3.client("s3")
rows = boto3.client("dynamodb")
workflows = boto3.client("stepfunctions")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A proxy event in, a proxy response out."""
    try:
        return _answer(200, _process(json.loads(event.get("body", "{}"))))
    except Exception as error:
        return _answer(500, {"error": "Internal server error", "message": str(error)})


def _process(payload: object) -> dict[str, str]:
    request_id = str(uuid.uuid4())
    key = f"requests/{request_id}.json"
    objects.put_object(
        Bucket=os.environ["BUCKET_NAME"],
        Key=key,
        Body=json.dumps(payload),
        ContentType="application/json",
    )
    started = workflows.start_execution(
        stateMachineArn=os.environ["STATE_MACHINE_ARN"],
        name=f"execution-{request_id}",
        input=json.dumps({"request_id": request_id, "payload": payload}),
    )
    row = {
        "request_id": request_id,
        "timestamp": datetime.now(UTC).isoformat(),
        "s3_key": key,
        "status": "processing",
        "step_function_execution_arn": started["executionArn"],
    }
    rows.put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={name: {"S": value} for name, value in row.items()},
    )
    return {"request_id": request_id, "execution_arn": started["executionArn"]}


def _answer(status: int, document: dict[str, str]) -> dict[str, Any]:
    return {"statusCode": status, "body": json.dumps(document)}
