"""Plays Lambda's worker: runs a function's real entry point, in a process of its own.

Usage: python lambda_worker.py HANDLER ANSWERS   with events as JSON lines on stdin. What the
function prints is its log; its answers go to the file ANSWERS, a line each.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace


def main(handler: str, answers: Path) -> None:
    module, _, name = handler.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    context = SimpleNamespace(
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-west-2:222222222222:function:tap-dev-processor",
        aws_request_id="invocation-1",
        get_remaining_time_in_millis=lambda: 28_000,
    )
    with answers.open("w") as file:
        for line in sys.stdin:
            file.write(json.dumps(function(json.loads(line), context)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
