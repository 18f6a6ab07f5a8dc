"""The Lambda function that CodeDeploy calls before and after it moves traffic."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from botocore.config import Config

from services.common.hook.checking import Hook
from services.common.hook.verdicts import Verdict
from services.common.runtime.aws import client_factory
from services.common.runtime.variables import required

MODELS = Path(__file__).with_name("aws_models")
# One try of the function that is asked: what needs a second one is not what callers should get. A
# cold start of the largest takes seconds, and API Gateway waits 29 for an answer.
CLIENT_CONFIG = Config(
    connect_timeout=2,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 1},
)

_logger = logging.getLogger(__name__)
_logger.setLevel(logging.INFO)


def _build() -> Hook:
    client = client_factory(MODELS, CLIENT_CONFIG)
    checks = json.loads(required(os.environ, "CHECKS"))
    return Hook(checks, codedeploy=client("codedeploy"), functions=client("lambda"))


_hook = _build()


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Entry point that CodeDeploy calls. Returns the verdict and why, which the log has too."""
    judgement = _hook.run(event)
    said = {"verdict": judgement.verdict.value, "text": judgement.text}
    level = logging.INFO if judgement.verdict is Verdict.PASSED else logging.ERROR
    _logger.log(level, "checked", extra=said | {"deployment": event["DeploymentId"]})
    return said
