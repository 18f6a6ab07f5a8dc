"""What a version's answer is worth: one of three verdicts, of which one lets a deployment go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """INCONCLUSIVE: nobody knows. It stops a deployment as FAILED does, and says something else."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Judgement:
    """text: for whoever reads why a deployment stopped."""

    verdict: Verdict
    text: str


@dataclass(frozen=True)
class Answer:
    """What an invocation brought. version: the one that ran. error: whether it ended with one."""

    version: str
    error: bool
    payload: object


def judge(answer: Answer, *, version: str, expected: Mapping[str, Any]) -> Judgement:
    """PASSED if that version ran, to its end, and answered with all that is expected."""
    if answer.version != version:
        return Judgement(
            Verdict.FAILED, f"version {answer.version} ran where version {version} is deployed"
        )
    if answer.error:
        return Judgement(Verdict.FAILED, f"version {version} ended with an error: {answer.payload}")
    if not has(answer.payload, expected):
        return Judgement(
            Verdict.FAILED,
            f"version {version} answered {json.dumps(answer.payload)}, "
            f"which lacks {json.dumps(expected)}",
        )
    return Judgement(Verdict.PASSED, f"version {version} answered as it should")


def has(value: object, expected: object) -> bool:
    """Whether `value` has every member that is expected, at any depth.

    A text where members are expected is read as JSON: the body of an HTTP response is one.
    """
    if not isinstance(expected, Mapping):
        return value == expected
    members = _parsed(value) if isinstance(value, str) else value
    return isinstance(members, Mapping) and all(
        name in members and has(members[name], each) for name, each in expected.items()
    )


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
