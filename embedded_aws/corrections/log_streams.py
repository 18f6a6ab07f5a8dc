"""What is done to a log stream is permitted by the stream's ARN, not by its group's.

AWS checks `log-group:<group>:log-stream:<stream>`, which is why policies for writers end in
`log-group:<group>:*` ("Actions, resources, and condition keys for Amazon CloudWatch Logs", Service
Authorization Reference). MiniStack checks the bare group, which such a policy does not match, and
would accept one that AWS refuses.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions

_ON_A_STREAM = frozenset({"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"})


def install() -> None:
    """Adds the stream to the ARN that a request is about."""
    original = iam_actions.extract_resource_arn

    def extract(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any) -> str:
        arn: str = original(service, method, path, headers, body, *more)
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if service != "logs" or action not in _ON_A_STREAM or arn == "*":
            return arn
        return f"{arn}:log-stream:{json.loads(body).get('logStreamName', '')}"

    iam_actions.extract_resource_arn = extract
