"""The rule `VariableCheck`: a variable's value against a text or a pattern.

Source: CodePipeline user guide, "rule-reference-VariableCheck". A pattern of MATCHES has Java's
syntax there and Python's here, which agree on what people write; one that Python cannot read is
refused. That a pattern must fit the whole value is how Java's `matches` reads; the page does not
say it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.requests import StructureError
from embedded_aws.codepipeline.variables import references


def _matches(actual: str, pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, actual) is not None
    except re.error as error:
        message = f"{pattern} is no regular expression here: {error}"
        raise ActionError(message, code="ConfigurationError") from error


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "EQ": lambda actual, expected: actual == expected,
    "NE": lambda actual, expected: actual != expected,
    "CONTAINS": lambda actual, expected: expected in actual,
    "MATCHES": _matches,
}


def check(where: str, configuration: Mapping[str, str]) -> None:
    """Raises `StructureError` for an unknown operator, or a pattern that is none."""
    operator, value = configuration["Operator"], configuration["Value"]
    if operator not in OPERATORS:
        raise StructureError(f"{where}: Operator {operator} is none of {', '.join(OPERATORS)}")
    if operator == "MATCHES" and not any(True for _ in references(value)):
        try:
            re.compile(value)
        except re.error as error:
            raise StructureError(f"{where}: Value is no regular expression: {error}") from error


def compare(context: Context) -> Outcome:
    """Succeeds when the variable is as the rule wants it."""
    configuration = context.configuration
    actual, expected = configuration["Variable"], configuration["Value"]
    operator = configuration["Operator"]
    if not OPERATORS[operator](actual, expected):
        asked = context.action.configuration["Variable"]
        raise ActionError(f"{asked} is '{actual}', which does not pass {operator} '{expected}'")
    return Outcome(summary=f"'{actual}' passes {operator} '{expected}'")
