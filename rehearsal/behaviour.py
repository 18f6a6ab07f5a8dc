"""One behaviour of AWS that a delivery relies on, and what would show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    """`shown_by`: all of these must have succeeded in a run; `{stage}` and `{environment}` stand
    for each environment's, `{last}` for the stage of the last one. Else `emulated_by`, a test of
    this repository (`path::name`) that runs it on the embedded AWS; else `tested_by`, one that
    reads templates or code; else `otherwise` says why nothing shows it. `correction` is the
    emulator's correction that it rests on. `types` are the resource types that it is about, `*` is
    free; empty for any."""

    text: str
    shown_by: tuple[str, ...] = ()
    emulated_by: str = ""
    tested_by: str = ""
    otherwise: str = ""
    correction: str = ""
    types: tuple[str, ...] = ()


def shown(text: str, *patterns: str, correction: str = "") -> Behaviour:
    """By actions and smoke checks of a run."""
    return Behaviour(text, shown_by=patterns, correction=correction)


def emulated(text: str, test: str, correction: str = "") -> Behaviour:
    """By a test on the embedded AWS. test: below `tests/`."""
    return Behaviour(text, emulated_by=f"tests/{test}", correction=correction)


def tested(text: str, test: str) -> Behaviour:
    """By a test that reads templates or code. test: below `tests/`."""
    return Behaviour(text, tested_by=f"tests/{test}")


def unshown(text: str, why: str, correction: str = "", types: tuple[str, ...] = ()) -> Behaviour:
    """By nothing."""
    return Behaviour(text, otherwise=why, correction=correction, types=types)
