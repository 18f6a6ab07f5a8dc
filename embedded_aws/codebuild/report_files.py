"""JUnit XML as CodeBuild's test reports read it (user guide, test-reporting; API, TestCase)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.parsers import expat

from embedded_aws.codebuild.record import BuildError

_NANOSECONDS = 1_000_000_000
_OUTCOMES = {"error": "ERROR", "failure": "FAILED", "skipped": "SKIPPED"}


def test_cases(path: Path, shown_as: str) -> list[dict[str, Any]]:
    """The test cases of one file, in the API's shape without `reportArn`."""
    reader = _Reader(shown_as)
    try:
        reader.read(path.read_bytes())
    except (expat.ExpatError, ValueError) as error:
        raise BuildError("REPORT_ERROR", f"{shown_as} is not JUnit XML: {error}") from error
    return reader.cases


class _Reader:
    """Collects `testcase` elements while the document is parsed."""

    def __init__(self, shown_as: str) -> None:
        self.cases: list[dict[str, Any]] = []
        self._shown_as = shown_as
        self._suite = ""
        self._inside = ""

    def read(self, document: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = _refuse_entities
        parser.Parse(document, True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testsuite":
            self._suite = attributes.get("name", "")
        elif tag == "testcase":
            self.cases.append(self._case(attributes))
        elif tag in _OUTCOMES and self.cases:
            message = attributes.get("message", "").strip()
            self._inside = "" if message else tag
            self.cases[-1].update(status=_OUTCOMES[tag], message=message)

    def _end(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""
            self.cases[-1]["message"] = self.cases[-1]["message"].strip()

    def _text(self, text: str) -> None:
        """The element's text stands in where it has no message."""
        if self._inside:
            self.cases[-1]["message"] += text

    def _case(self, attributes: dict[str, str]) -> dict[str, Any]:
        return {
            "testRawDataPath": self._shown_as,
            "prefix": attributes.get("classname", ""),
            "name": attributes.get("name", ""),
            "status": "SUCCEEDED",
            "durationInNanoSeconds": round(float(attributes.get("time") or 0) * _NANOSECONDS),
            "message": "",
            "testSuiteName": self._suite,
        }


def _refuse_entities(*_: object) -> None:
    raise ValueError("entity declarations are not read")


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
