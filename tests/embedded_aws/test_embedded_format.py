"""Lines of a log that are metrics, and lines that are not.

Proves on text what the specification of the embedded metric format says, and that what
aws-lambda-powertools writes is one of its documents. Where it breaks the specification, a document
yields nothing.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricResolution, MetricUnit

from embedded_aws.metrics.embedded_format import metrics_of


def document(directive: dict[str, Any] | None = None, **root: Any) -> dict[str, Any]:
    """Two metrics by one dimension, or a changed directive; further members of the root."""
    directives = {
        "Namespace": "Shop",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Sold", "Unit": "Count"}, {"Name": "Took"}],
    } | (directive or {})
    metadata = {"Timestamp": 1_764_137_100_500, "CloudWatchMetrics": [directives]}
    return {"_aws": metadata, "service": "till", "Sold": 3, "Took": [1, 2.5]} | root


def read(value: Any) -> list[tuple[str, float]]:
    return [(datum.name, datum.value) for datum in metrics_of(json.dumps(value))]


def test_every_value_becomes_a_measurement_at_its_minute() -> None:
    data = metrics_of(json.dumps(document()))
    assert [(datum.name, datum.value, datum.unit) for datum in data] == [
        ("Sold", 3.0, "Count"),
        ("Took", 1.0, "None"),
        ("Took", 2.5, "None"),
    ]
    for datum in data:
        assert (datum.namespace, datum.dimensions) == ("Shop", {"service": "till"})
        assert (datum.timestamp, datum.kept_at) == (1_764_137_100.5, 1_764_137_100.0)


def test_each_set_of_dimensions_is_a_metric_of_its_own() -> None:
    sets = [["service"], ["service", "kind"], []]
    data = metrics_of(json.dumps(document({"Dimensions": sets}, kind="table")))
    assert [datum.dimensions for datum in data if datum.name == "Sold"] == [
        {"service": "till"},
        {"service": "till", "kind": "table"},
        {},
    ]


def test_a_high_resolution_keeps_the_second() -> None:
    metrics = [{"Name": "Sold", "StorageResolution": 1}]
    (datum,) = metrics_of(json.dumps(document({"Metrics": metrics})))
    assert datum.kept_at == 1_764_137_100.0
    assert datum.resolution == 1


def test_what_powertools_writes_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = Metrics(namespace="Shop", service="till")
    metrics.add_metric("Sold", unit=MetricUnit.Count, value=2, resolution=MetricResolution.High)
    metrics.add_dimension("kind", "table")
    metrics.flush_metrics()
    (datum,) = metrics_of(capsys.readouterr().out.strip())
    assert (datum.name, datum.value, datum.unit, datum.resolution) == ("Sold", 2.0, "Count", 1)
    assert datum.dimensions == {"service": "till", "kind": "table"}


@pytest.mark.parametrize(
    "malformed",
    [
        document({"Namespace": ""}),
        document({"Namespace": None}),
        document({"Dimensions": "service"}),
        document({"Dimensions": [["absent"]]}),
        document(
            {"Dimensions": [[f"d{n}" for n in range(31)]]}, **{f"d{n}": "x" for n in range(31)}
        ),
        document({"Metrics": [{"Name": "Absent"}]}),
        document({"Metrics": [{"Name": "Sold", "Unit": "Pieces"}]}),
        document({"Metrics": [{"Name": "Sold", "StorageResolution": 5}]}),
        document({"Metrics": [{"Unit": "Count"}]}),
        document(service=7),
        document(Sold="3"),
        document(Sold=True),
        document(Sold=float("nan")),
        document(Sold=[1] * 101),
        document(_aws={"CloudWatchMetrics": []}),
        document(_aws={"Timestamp": "now", "CloudWatchMetrics": []}),
        document(_aws=[]),
        [document()],
    ],
)
def test_a_malformed_document_yields_nothing(malformed: Any) -> None:
    assert read(malformed) == []


@pytest.mark.parametrize(
    "line", ["{} of _aws", '{"_aws"', '{"message": "\\"_aws\\" is no member"}']
)
def test_other_lines_yield_nothing(line: str) -> None:
    assert metrics_of(line) == []


def test_text_around_a_document_makes_it_a_mere_line() -> None:
    line = json.dumps(document())
    assert metrics_of(f"INFO {line}") == metrics_of(f"{line} done") == []
    assert len(metrics_of(line)) == 3
