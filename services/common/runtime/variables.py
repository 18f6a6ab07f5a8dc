"""Reads a function's environment variables strictly, once, when the function starts."""

from __future__ import annotations

from collections.abc import Mapping


class SettingsError(Exception):
    """A variable is missing or malformed; the text names it and what was expected."""


def required(variables: Mapping[str, str], name: str) -> str:
    """The variable, which must be set and not empty. Raises SettingsError."""
    value = variables.get(name)
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def positive(variables: Mapping[str, str], name: str) -> int:
    """The variable as a whole number above 0. Raises SettingsError."""
    value = required(variables, name)
    if not value.isdecimal() or int(value) == 0:
        raise SettingsError(f"{name} is {value!r}; expected a positive whole number")
    return int(value)


def one_of(variables: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """The variable, one of `allowed`; the first of them when it is absent. Raises SettingsError."""
    value = variables.get(name, allowed[0])
    if value not in allowed:
        raise SettingsError(f"{name} is {value!r}; expected one of {', '.join(allowed)}")
    return value
