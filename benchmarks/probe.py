"""Measures one handler in an interpreter of its own, as Lambda would run it.

Usage: probe.py FOLDER MODULE cold|warm REQUESTS. FOLDER goes first on the import path, MODULE is
imported and its `handler` called. Prints one JSON list of seconds as the last line:
  cold: CPU of all threads, from before the import to after the first answer
  warm: wall time of each request after the first ones
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

# What Lambda's runtime client has imported before it imports a function: bootstrap,
# lambda_runtime_client, lambda_runtime_log_utils and lambda_runtime_marshaller of
# github.com/aws/aws-lambda-python-runtime-interface-client.
PRELOADED = (
    "concurrent.futures.thread",
    "datetime",
    "decimal",
    "enum",
    "json",
    "logging",
    "math",
    "traceback",
)
WARMING_UP = 10
OK = 200


class Context:
    """What a function reads of Lambda's context object."""

    function_name = "tap-dev-processor"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-west-2:222222222222:function:tap-dev-processor"
    aws_request_id = "00000000-0000-4000-8000-000000000000"


def event(number: int) -> dict[str, Any]:
    """POST / as API Gateway proxies it, with a body of about one KiB."""
    items = [{"sku": f"item-{n}", "quantity": n, "price": n * 1.25} for n in range(20)]
    return {
        "httpMethod": "POST",
        "resource": "/",
        "path": "/",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "requestContext": {
            "requestId": f"call-{number}",
            "identity": {"caller": "AROAEXAMPLE:client"},
        },
        "pathParameters": None,
        "body": json.dumps({"order": number, "items": items}),
        "isBase64Encoded": False,
    }


def cold(module: str) -> list[float]:
    """CPU seconds of initialization and first request."""
    first = event(0)
    before = time.process_time()
    _call(importlib.import_module(module).handler, first)
    return [time.process_time() - before]


def warm(module: str, requests: int) -> list[float]:
    """Wall seconds of every request."""
    handler = importlib.import_module(module).handler
    for number in range(WARMING_UP):
        _call(handler, event(number))
    walls = []
    for number in range(requests):
        following = event(number)
        before = time.perf_counter()
        _call(handler, following)
        walls.append(time.perf_counter() - before)
    return walls


def _call(handler: Any, request: dict[str, Any]) -> None:
    answer = handler(request, Context())
    if answer["statusCode"] != OK:
        sys.exit(f"the handler answered {answer}")


def main(folder: str, module: str, kind: str, requests: str) -> None:
    """Measures and prints."""
    for name in PRELOADED:
        importlib.import_module(name)
    sys.path.insert(0, folder)
    # Writing log lines is part of a function's work; on standard output, they would end up between
    # us and our reader.
    result, sys.stdout = sys.stdout, sys.stderr
    seconds = cold(module) if kind == "cold" else warm(module, int(requests))
    print(json.dumps(seconds), file=result)


if __name__ == "__main__":
    main(*sys.argv[1:])
