"""The AppSpec file of a deployment to Lambda: which alias moves to which version, with which hooks.

Source: "AppSpec File example for an AWS Lambda deployment" and "AppSpec 'hooks' section",
CodeDeploy user guide. YAML or JSON: one resource, and at most one function for each of two hooks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

HOOKS = ("BeforeAllowTraffic", "AfterAllowTraffic")
_TYPE = "AWS::Lambda::Function"
_PROPERTIES = {"Name": "function", "Alias": "alias", "CurrentVersion": "current"}
_PROPERTIES["TargetVersion"] = "target"


class AppSpecError(Exception):
    """An AppSpec that CodeDeploy cannot read; the text says what is wrong with it."""


@dataclass(frozen=True)
class AppSpec:
    """The alias of a function, the version it has and the one it gets, hooks by lifecycle event."""

    function: str
    alias: str
    current: str
    target: str
    hooks: Mapping[str, str]

    @property
    def content(self) -> str:
        """The file, as JSON."""
        properties = {name: getattr(self, field) for name, field in _PROPERTIES.items()}
        resource = {"Type": _TYPE, "Properties": properties}
        return json.dumps(
            {
                "version": 0.0,
                "Resources": [{self.function: resource}],
                "Hooks": [{name: function} for name, function in self.hooks.items()],
            }
        )

    @property
    def sha256(self) -> str:
        """By which a revision is named."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    def reversed(self) -> AppSpec:
        """Back to where the alias came from; hooks judge new versions, so there are none."""
        return replace(self, current=self.target, target=self.current, hooks={})


def parse(content: str) -> AppSpec:
    """Reads the file. Raises `AppSpecError`."""
    document = _loaded(content)
    (resource,) = _only(_section(document, "Resources"), "Resources", exactly=1)
    if not isinstance(resource, dict) or resource.get("Type") != _TYPE:
        raise AppSpecError(f"the resource must have the Type {_TYPE}")
    properties = resource.get("Properties")
    if not isinstance(properties, dict):
        raise AppSpecError("the resource has no Properties")
    missing = [name for name in _PROPERTIES if not properties.get(name)]
    if missing:
        raise AppSpecError(f"the resource lacks {', '.join(missing)}")
    fields = {field: str(properties[name]) for name, field in _PROPERTIES.items()}
    return AppSpec(**fields, hooks=_hooks(_section(document, "Hooks")))


def _loaded(content: str) -> Mapping[str, Any]:
    try:
        document = _json_or_yaml(content)
    except yaml.YAMLError as error:
        raise AppSpecError(f"it is neither YAML nor JSON: {error}") from error
    if not isinstance(document, dict):
        raise AppSpecError("it is no object")
    if document.get("version") not in (0, "0.0"):
        raise AppSpecError(f"version is {document.get('version')}, not 0.0")
    return document


def _json_or_yaml(content: str) -> Any:
    """JSON is tried first: its escapes of characters beyond 16 bits are none of YAML's."""
    try:
        return json.loads(content)
    except ValueError:
        return yaml.safe_load(content)


def _section(document: Mapping[str, Any], name: str) -> Any:
    """The guide writes sections in lower and in upper case, and both are read."""
    return document.get(name, document.get(name.lower())) or []


def _only(section: Any, name: str, exactly: int | None = None) -> list[Any]:
    """The values of a list of objects with one key each."""
    if not isinstance(section, Sequence) or not all(
        isinstance(item, dict) and len(item) == 1 for item in section
    ):
        raise AppSpecError(f"{name} must be a list of objects with one key each")
    values = [value for item in section for value in item.values()]
    if exactly is not None and len(values) != exactly:
        raise AppSpecError(f"{name} must have {exactly} entry, not {len(values)}")
    return values


def _hooks(section: Any) -> dict[str, str]:
    functions = _only(section, "Hooks")
    names = [next(iter(item)) for item in section]
    for name, function in zip(names, functions, strict=True):
        if name not in HOOKS or not isinstance(function, str) or not function:
            raise AppSpecError(f"a hook is one of {', '.join(HOOKS)} with a function: {name}")
    if len(set(names)) != len(names):
        raise AppSpecError("a hook has one function")
    return dict(zip(names, functions, strict=True))
