"""Code coverage in the formats that CodeBuild reads: how many lines and branches are covered.

User guide, "Code coverage reports"; the shape is the API reference's (CodeCoverageReportSummary).
The coverage of single files, which DescribeCodeCoverages answers, is not kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from embedded_aws.codebuild.report_files import read, tree


@dataclass(frozen=True)
class Coverage:
    """Covered and missed, of lines and of branches."""

    lines: tuple[int, int]
    branches: tuple[int, int]


def summary(files: Mapping[str, bytes], file_format: str) -> dict[str, Any]:
    """The API's CodeCoverageReportSummary of several files together."""
    found = [read(text, name, file_format, COVERAGES[file_format]) for name, text in files.items()]
    lines = [sum(each.lines[part] for each in found) for part in (0, 1)]
    branches = [sum(each.branches[part] for each in found) for part in (0, 1)]
    return {
        "lineCoveragePercentage": _percentage(*lines),
        "linesCovered": lines[0],
        "linesMissed": lines[1],
        "branchCoveragePercentage": _percentage(*branches),
        "branchesCovered": branches[0],
        "branchesMissed": branches[1],
    }


def _percentage(covered: int, missed: int) -> float:
    return round(100 * covered / (covered + missed), 2) if covered + missed else 0.0


def _cobertura(document: bytes) -> Coverage:
    lines = {
        (one.get("filename"), line.get("number")): line
        for one in tree(document).iter("class")
        for line in one.iter("line")
    }
    hit = sum(int(line.get("hits", 0)) > 0 for line in lines.values())
    covered = missed = 0
    for line in lines.values():
        counts = line.get("condition-coverage", "").partition("(")[2].rstrip(")").split("/")
        if len(counts) > 1:
            covered, missed = covered + int(counts[0]), missed + int(counts[1]) - int(counts[0])
    return Coverage((hit, len(lines) - hit), (covered, missed))


def _clover(document: bytes) -> Coverage:
    metrics = tree(document).find("project/metrics")
    if metrics is None:
        raise ValueError("project/metrics is missing")
    return Coverage(
        _of_total(metrics, "coveredstatements", "statements"),
        _of_total(metrics, "coveredconditionals", "conditionals"),
    )


def _of_total(metrics: Element, covered: str, total: str) -> tuple[int, int]:
    hit = int(metrics.get(covered, 0))
    return hit, int(metrics.get(total, 0)) - hit


def _jacoco(document: bytes) -> Coverage:
    counters = {counter.get("type"): counter for counter in tree(document).findall("counter")}
    return Coverage(_counter(counters.get("LINE")), _counter(counters.get("BRANCH")))


def _counter(counter: Element | None) -> tuple[int, int]:
    if counter is None:
        return 0, 0
    return int(counter.get("covered", 0)), int(counter.get("missed", 0))


def _simplecov(document: bytes) -> Coverage:
    lines: list[int] = []
    branches: list[int] = []
    for run in json.loads(document).values():
        for one in run["coverage"].values():
            hits = one["lines"] if isinstance(one, dict) else one
            lines += [count for count in hits if isinstance(count, int)]
            for arms in one.get("branches", {}).values() if isinstance(one, dict) else ():
                branches += arms.values()
    return Coverage(_hits(lines), _hits(branches))


def _hits(counts: Iterable[int]) -> tuple[int, int]:
    known = list(counts)
    hit = sum(count > 0 for count in known)
    return hit, len(known) - hit


COVERAGES: Mapping[str, Callable[[bytes], Coverage]] = {
    "CLOVERXML": _clover,
    "COBERTURAXML": _cobertura,
    "JACOCOXML": _jacoco,
    "SIMPLECOV": _simplecov,
}
"""Format, as `file-format` names it in upper case -> its reader."""
