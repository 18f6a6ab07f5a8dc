"""Test results in the formats that CodeBuild reads: each test's name, outcome, duration, message.

User guide, "Test reports" (test-reporting); the shapes are the API reference's (TestCase).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from embedded_aws.codebuild.record import BuildError

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Outcome:
    """One test: `status` as in the API, `seconds` as the file says."""

    name: str
    status: str
    message: str = ""
    seconds: float = 0.0
    prefix: str = ""
    suite: str = ""


def test_cases(document: bytes, shown_as: str, file_format: str) -> list[dict[str, Any]]:
    """The test cases of one file, in the API's shape without `reportArn`."""
    return read(
        document,
        shown_as,
        file_format,
        lambda text: [_test_case(each, shown_as) for each in TESTS[file_format](text)],
    )


def _test_case(outcome: Outcome, shown_as: str) -> dict[str, Any]:
    return {
        "testRawDataPath": shown_as,
        "prefix": outcome.prefix,
        "name": outcome.name,
        "status": outcome.status,
        "durationInNanoSeconds": round(outcome.seconds * _NANOSECONDS),
        "message": outcome.message.strip(),
        "testSuiteName": outcome.suite,
    }


def summary(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """The API's TestReportSummary."""
    counts = dict.fromkeys(("SUCCEEDED", "FAILED", "ERROR", "SKIPPED", "UNKNOWN"), 0)
    for case in cases:
        counts[case["status"]] += 1
    return {
        "total": len(cases),
        "statusCounts": counts,
        "durationInNanoSeconds": sum(case["durationInNanoSeconds"] for case in cases),
    }


def read[Result](
    document: bytes, shown_as: str, file_format: str, reader: Callable[[bytes], Result]
) -> Result:
    """What a file says; `BuildError` when it is not of that format."""
    try:
        return reader(document)
    except _UNREADABLE as error:
        text = f"{shown_as} cannot be read as {file_format}: {error}"
        raise BuildError("REPORT_ERROR", text) from error


_UNREADABLE = (
    expat.ExpatError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a reader stumbles over: anything may be in a file, an infinite duration included."""


def tree(document: bytes) -> Element:
    """An XML document; entities are refused, because they can be made to grow without end."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse_entities
    parser.Parse(document, True)
    return builder.close()


def _refuse_entities(*_: object) -> None:
    raise ValueError("entity declarations are not read")


_JUNIT = {"error": "ERROR", "failure": "FAILED", "skipped": "SKIPPED"}


def _junit(document: bytes) -> Iterator[Outcome]:
    root = tree(document)
    suites = [root, *root.iter("testsuite")] if root.tag != "testsuite" else root.iter("testsuite")
    for suite in suites:
        for case in suite.findall("testcase"):
            said = next((child for child in case if child.tag in _JUNIT), None)
            yield Outcome(
                name=case.get("name", ""),
                status="SUCCEEDED" if said is None else _JUNIT[said.tag],
                message=_message(said),
                seconds=float(case.get("time") or 0),
                prefix=case.get("classname", ""),
                suite=suite.get("name", ""),
            )


def _message(said: Element | None) -> str:
    """The `message` of an element; its text where it has none."""
    return "" if said is None else (said.get("message", "").strip() or "".join(said.itertext()))


_NUNIT = {
    **dict.fromkeys(("Success", "Passed"), "SUCCEEDED"),
    **dict.fromkeys(("Failure", "Failed"), "FAILED"),
    **dict.fromkeys(("Ignored", "Skipped", "NotRunnable"), "SKIPPED"),
    "Error": "ERROR",
}


def _nunit(document: bytes) -> Iterator[Outcome]:
    """Both versions: 2 has `time`, 3 has `duration` and its own name for a class."""
    for case in tree(document).iter("test-case"):
        yield Outcome(
            name=case.get("name", ""),
            status=_NUNIT.get(case.get("result", ""), "UNKNOWN"),
            message=case.findtext("failure/message") or case.findtext("reason/message") or "",
            seconds=float(case.get("duration") or case.get("time") or 0),
            prefix=case.get("classname", ""),
        )


_TESTNG = {"PASS": "SUCCEEDED", "FAIL": "FAILED", "SKIP": "SKIPPED"}


def _testng(document: bytes) -> Iterator[Outcome]:
    for one in tree(document).iter("class"):
        for method in one.iter("test-method"):
            if method.get("is-config") != "true":
                yield Outcome(
                    name=method.get("name", ""),
                    status=_TESTNG.get(method.get("status", ""), "UNKNOWN"),
                    message=method.findtext("exception/message") or "",
                    seconds=float(method.get("duration-ms") or 0) / 1000,
                    prefix=one.get("name", ""),
                )


_TRX = {"Passed": "SUCCEEDED", "Failed": "FAILED", "NotExecuted": "SKIPPED", "Error": "ERROR"}


def _trx(document: bytes) -> Iterator[Outcome]:
    for result in tree(document).iter():
        if result.tag.rpartition("}")[2].rpartition(":")[2] == "UnitTestResult":
            hours, minutes, seconds = (result.get("duration") or "0:0:0").split(":")
            yield Outcome(
                name=result.get("testName", ""),
                status=_TRX.get(result.get("outcome", ""), "UNKNOWN"),
                message=" ".join("".join(result.itertext()).split()),
                seconds=int(hours) * 3600 + int(minutes) * 60 + float(seconds),
            )


_CUCUMBER = {"passed": "SUCCEEDED", "failed": "FAILED"}


def _cucumber(document: bytes) -> Iterator[Outcome]:
    """A scenario fails with its first step that failed, and passes when all its steps did."""
    for feature in json.loads(document):
        for scenario in feature.get("elements", ()):
            results = [step.get("result", {}) for step in scenario.get("steps", ())]
            worst = next((r for r in results if r.get("status") != "passed"), {"status": "passed"})
            yield Outcome(
                name=scenario.get("name", ""),
                status=_CUCUMBER.get(str(worst.get("status")), "SKIPPED"),
                message=str(worst.get("error_message", "")),
                seconds=sum(r.get("duration", 0) for r in results) / _NANOSECONDS,
                suite=feature.get("name", ""),
            )


TESTS: Mapping[str, Callable[[bytes], Iterator[Outcome]]] = {
    "CUCUMBERJSON": _cucumber,
    "JUNITXML": _junit,
    "NUNITXML": _nunit,
    "NUNIT3XML": _nunit,
    "TESTNGXML": _testng,
    "VISUALSTUDIOTRX": _trx,
}
"""Format, as `file-format` names it in upper case -> its reader."""
