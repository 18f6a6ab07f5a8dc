"""The committed bootstrap templates as each account gets them: conditions and mappings decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import yaml

from accounts.bootstrap.account import TOOLS, bootstrap_of
from accounts.bootstrap.options import template_path
from assembly.text import listed
from settings import Settings
from tests.support.synthesis import REPOSITORY

Template = dict[str, Any]

SETTINGS = Settings.of_checkout(REPOSITORY)
NAMES = tuple(SETTINGS.accounts)
"""Every account: "tools" and the environments."""
ENVIRONMENTS = tuple(each.name for each in SETTINGS.environments)
_ABSENT = object()


@cache
def committed(bootstrap: str) -> Template:
    """The template as it stands in the repository; bootstrap: "tools" or "environment"."""
    template: Template = yaml.safe_load(template_path(bootstrap).read_text())
    return template


def applied(name: str) -> Template:
    """The resources of the account called `name`, as CloudFormation makes them."""
    trusted = {} if name == TOOLS else {"TrustedAccounts": SETTINGS.tools_account}
    return apply(committed(bootstrap_of(name)), SETTINGS.accounts[name], **trusted)


def apply(template: Template, account: str, **parameters: str) -> Template:
    """The resources of a template in an account. Raises KeyError for one it has no mapping for."""
    defaults = {
        name: each["Default"] for name, each in template["Parameters"].items() if "Default" in each
    }
    known = {
        "AWS::AccountId": account,
        "AWS::Region": SETTINGS.region,
        "AWS::Partition": "aws",
        **defaults,
        **parameters,
    }
    resources = _Values(template, known).of(template["Resources"])
    assert isinstance(resources, dict)
    return resources


@dataclass(frozen=True)
class _Values:
    """Decides what CloudFormation decides; references to resources stay as they are."""

    template: Template
    known: dict[str, str]

    def of(self, value: Any) -> Any:
        if isinstance(value, list):
            return [each for each in map(self.of, value) if each is not _ABSENT]
        if not isinstance(value, dict):
            return value
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._reference,
            "Fn::FindInMap": self._mapped,
            "Fn::If": self._chosen,
            "Fn::Join": lambda given: given[0].join(listed(self.of(given[1]))),
            "Fn::Sub": self._filled,
        }
        for name, function in functions.items():
            if list(value) == [name]:
                return function(value[name])
        items = ((key, self.of(each)) for key, each in value.items())
        return {key: each for key, each in items if each is not _ABSENT}

    def _reference(self, name: str) -> Any:
        return _ABSENT if name == "AWS::NoValue" else self.known.get(name, {"Ref": name})

    def _mapped(self, keys: list[Any]) -> Any:
        name, account, inner = keys
        return self.template["Mappings"][name][self.of(account)][inner]

    def _chosen(self, given: list[Any]) -> Any:
        name, held, otherwise = given
        return self.of(held if self._holds({"Condition": name}) else otherwise)

    def _filled(self, given: Any) -> str:
        text, own = given if isinstance(given, list) else (given, {})
        for name, each in (
            self.known | {name: self.of(each) for name, each in own.items()}
        ).items():
            text = text.replace(f"${{{name}}}", each)
        return str(text)

    def _holds(self, condition: Any) -> bool:
        match condition:
            case {"Fn::Equals": [left, right]}:
                return bool(self.of(left) == self.of(right))
            case {"Fn::Not": [inner]}:
                return not self._holds(inner)
            case {"Fn::Or": inners}:
                return any(self._holds(each) for each in inners)
            case {"Fn::And": inners}:
                return all(self._holds(each) for each in inners)
            case {"Condition": name}:
                return self._holds(self.template["Conditions"][name])
        raise ValueError(f"a condition of a new kind: {condition}")


def execution(resources: Template) -> list[Template]:
    """The statements of CloudFormation's own policies."""
    return [
        statement
        for logical_id, resource in resources.items()
        if logical_id.startswith("ExecutionPolicy")
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]


def boundary(resources: Template) -> list[Template]:
    """The statements of the permissions boundary."""
    policy = resources["PermissionsBoundary"]["Properties"]["PolicyDocument"]
    statements: list[Template] = policy["Statement"]
    return statements


def actions(statements: list[Template]) -> set[str]:
    """Everything that is granted, on whatever."""
    return {action for statement in statements for action in listed(statement["Action"])}


def allows(statements: list[Template], action: str, resource: str, **context: str) -> bool:
    """Whether IAM would allow the action; context: condition keys with `_` for `:`."""
    return any(
        any(fnmatchcase(action, each) for each in listed(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in listed(statement["Resource"]))
        and all(_met(*each, context) for each in _limits(statement))
        for statement in statements
    )


def _limits(statement: Template) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, listed(values)


def _met(operator: str, key: str, values: list[str], context: dict[str, str]) -> bool:
    value = context.get(key.replace(":", "_"))
    if value is None:
        return operator.endswith("IfExists")
    return value in values
