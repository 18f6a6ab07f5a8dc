"""Bodies in logs, and APIs that any web page may call."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assembly.templates import Resource
from assembly.text import settings, texts
from gates.delivery import Delivery
from gates.registry import rule

_ORIGINS = re.compile(
    r"(access-control-allow-origin|allow(ed)?_?origins?|cors_origins?)$", re.IGNORECASE
)
# What the CDK writes into a preflight's response template for "any origin".
_ANY_ORIGIN = re.compile(r"""\.matches\(\s*["'](\.\*|\^?\.\*\$?)["']\s*\)""")


@rule(
    "TAP-101",
    why="data tracing writes every request and response body into the API's execution log",
    fix="set data_trace_enabled=False; log what is needed with an access log format",
)
def api_bodies_are_not_logged(delivery: Delivery) -> Iterator[Resource]:
    for resource in delivery.resources(
        "AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment", "AWS::ApiGatewayV2::Stage"
    ):
        if any(
            key == "DataTraceEnabled" and value not in (False, "false")
            for key, value in settings(resource.properties)
        ):
            yield resource


@rule(
    "TAP-102",
    why="the state machine logs the input and output of each state, which callers' data passes",
    fix="set include_execution_data=False; the execution history has both",
)
def execution_data_is_not_logged(delivery: Delivery) -> Iterator[Resource]:
    for resource in delivery.resources("AWS::StepFunctions::StateMachine"):
        logging = resource.properties.get("LoggingConfiguration", {})
        if logging.get("IncludeExecutionData", False) not in (False, "false"):
            yield resource


@rule(
    "TAP-103",
    why="with CORS for * any web page may use the API in its visitors' names",
    fix="list the origins of your own pages",
)
def cors_names_its_origins(delivery: Delivery) -> Iterator[Resource]:
    for resource in delivery.resources():
        if any(
            _ORIGINS.search(key) and "*" in _origins(value)
            for key, value in settings(resource.properties)
        ) or any(_ANY_ORIGIN.search(text) for text in texts(resource.properties)):
            yield resource


def _origins(value: object) -> set[str]:
    """The origins in a list, or in a text as headers ('*') and variables (a b, a,b) have them."""
    return {word.strip("'\"") for text in texts(value) for word in re.split(r"[\s,]+", text)}
