"""DynamoDB's condition and update expressions, as far as the services here use them.

Source: "Condition and filter expressions, operators, and functions" and "Using update expressions",
Amazon DynamoDB Developer Guide. Anything not understood is an error, never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Item = dict[str, Any]
_Values = Mapping[str, Any]
_Condition = Callable[[Item, _Values], bool]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[(),=<>]|[#:\w.]+)")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


class ExpressionError(Exception):
    """The expression is malformed, or beyond this fake."""


def holds(expression: str, names: Mapping[str, str], values: _Values, item: Item) -> bool:
    """Whether `item` ({} for none) meets the condition. values: as DynamoDB's, {":x": {"S": …}}."""
    return _condition(expression, tuple(sorted(names.items())))(item, values)


def updated(expression: str, names: Mapping[str, str], values: _Values, item: Item) -> Item:
    """`item` after SET and REMOVE clauses."""
    result = dict(item)
    for clause, text in _clauses(expression):
        for action in text.split(","):
            if clause == "REMOVE":
                result.pop(_name(action.strip(), dict(names)), None)
            else:
                target, _, source = action.partition("=")
                result[_name(target.strip(), dict(names))] = _value(source.strip(), values)
    return result


@cache
def misuse(expressions: str, names: frozenset[str], values: frozenset[str]) -> str | None:
    """Why DynamoDB refuses these placeholders beside these expressions: each must be used."""
    used = set(re.findall(r"[#:]\w+", expressions))
    odd = used ^ (names | values)
    return f"Not both given and used: {sorted(odd)}" if odd else None


@cache
def _clauses(expression: str) -> list[tuple[str, str]]:
    parts = re.split(r"\b(SET|REMOVE|ADD|DELETE)\b", expression)
    if parts[0].strip() or not {*parts[1::2]} <= {"SET", "REMOVE"} or "if_not_exists" in expression:
        raise ExpressionError(expression)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _name(token: str, names: Mapping[str, str]) -> str:
    if token.startswith("#"):
        return names[token]
    if not re.fullmatch(r"[A-Za-z_]\w*", token):
        raise ExpressionError(token)
    return token


def _value(token: str, values: _Values) -> Any:
    if not token.startswith(":"):
        raise ExpressionError(token)
    return values[token]


@cache
def _condition(expression: str, names: tuple[tuple[str, str], ...]) -> _Condition:
    tokens = _TOKEN.findall(expression)
    if "".join(tokens) != re.sub(r"\s", "", expression):
        raise ExpressionError(expression)
    parser = _Parser(tokens, dict(names))
    condition = parser.disjunction()
    if parser.tokens:
        raise ExpressionError(expression)
    return condition


@dataclass
class _Parser:
    """AND binds closer than OR, NOT closest."""

    tokens: list[str]
    names: Mapping[str, str]

    def disjunction(self) -> _Condition:
        parts = [self._conjunction()]
        while self._take("OR"):
            parts.append(self._conjunction())
        return lambda item, values: any(part(item, values) for part in parts)

    def _conjunction(self) -> _Condition:
        parts = [self._negation()]
        while self._take("AND"):
            parts.append(self._negation())
        return lambda item, values: all(part(item, values) for part in parts)

    def _negation(self) -> _Condition:
        if self._take("NOT"):
            inner = self._negation()
            return lambda item, values: not inner(item, values)
        if self._take("("):
            inner = self.disjunction()
            self._expect(")")
            return inner
        return self._predicate()

    def _predicate(self) -> _Condition:
        token = self.tokens.pop(0)
        if token in ("attribute_exists", "attribute_not_exists"):
            self._expect("(")
            name = _name(self.tokens.pop(0), self.names)
            self._expect(")")
            wanted = token == "attribute_exists"
            return lambda item, _: (name in item) is wanted
        if token == "begins_with":
            return self._prefix()
        name = _name(token, self.names)
        operator, placeholder = self.tokens.pop(0), self.tokens.pop(0)
        if operator == "BETWEEN":
            return self._between(name, placeholder)
        compare = _COMPARISONS[operator]
        return lambda item, values: (
            compare(_scalar(item[name]), _scalar(_value(placeholder, values)))
            if name in item
            else operator == "<>"  # true for an attribute that is not there
        )

    def _prefix(self) -> _Condition:
        self._expect("(")
        name = _name(self.tokens.pop(0), self.names)
        self._expect(",")
        placeholder = self.tokens.pop(0)
        self._expect(")")
        return lambda item, values: (
            name in item and _scalar(item[name]).startswith(_scalar(_value(placeholder, values)))
        )

    def _between(self, name: str, low: str) -> _Condition:
        self._expect("AND")
        high = self.tokens.pop(0)
        return lambda item, values: (
            name in item
            and (
                _scalar(_value(low, values)) <= _scalar(item[name]) <= _scalar(_value(high, values))
            )
        )

    def _take(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise ExpressionError(f"Expected {token} before {self.tokens}")


def _scalar(value: Mapping[str, Any]) -> Any:
    """Comparable content of {"S": "…"}, {"N": "1"}, {"BOOL": true}; types never mix in our rows."""
    ((kind, content),) = value.items()
    return float(content) if kind == "N" else content
