"""Metrics of a Lambda function, in every set of dimensions that Lambda reports.

Source: "Viewing metrics for Lambda functions" (Lambda developer guide,
`monitoring-metrics-view.html`): for all functions together, by FunctionName, by Resource
(`<function>:<alias or version>`) where an alias or version was invoked, and for an alias with
weights by ExecutedVersion, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import lambda_svc

from embedded_aws.function_records import function_of, qualifier_of
from embedded_aws.metrics.datum import Datum
from embedded_aws.metrics.recorder import record


def measure(config: Mapping[str, Any], at: float, *, unit: str = "Count", **values: float) -> None:
    """Records values by the names of their metrics. config: of the version that is invoked."""
    with request_scope(*lambda_svc._account_region_from_function_config(config)):
        record(
            *(
                Datum("AWS/Lambda", name, value, at, unit, dimensions)
                for dimensions in _dimension_sets(config)
                for name, value in values.items()
            )
        )


def _dimension_sets(config: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    yield {}
    name = config["FunctionName"]
    yield {"FunctionName": name}
    qualifier = qualifier_of(config)
    if not qualifier:
        return
    resource = {"FunctionName": name, "Resource": f"{name}:{qualifier}"}
    yield resource
    alias = (function_of(config) or {}).get("aliases", {}).get(qualifier) or {}
    if (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights"):
        yield resource | {"ExecutedVersion": config["Version"]}
