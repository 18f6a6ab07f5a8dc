"""`#{namespace.NAME}` in an action's, or a rule's, configuration.

Source: CodePipeline user guide "reference-variables". Namespaces are those of earlier actions,
`variables` (the pipeline's own) and `codepipeline` (PipelineExecutionId).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from embedded_aws.codepipeline.actions.base import ActionError

RESERVED_NAMESPACES = frozenset({"codepipeline", "variables"})
"""The pipeline's own; no action may have one of them."""

Namespaces = Mapping[str, Mapping[str, str]]

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_]+)\}")


def references(text: str) -> Iterator[tuple[str, str]]:
    """(namespace, whole text) of every reference in `text`."""
    return ((match[1], match[0]) for match in _REFERENCE.finditer(text))


def resolve(text: str, namespaces: Namespaces) -> str:
    """`text` with every reference replaced; `ActionError` names those that have no value."""
    missing = [
        match.group(0)
        for match in _REFERENCE.finditer(text)
        if match[2] not in namespaces.get(match[1], {})
    ]
    if missing:
        raise ActionError(
            "one or more variables could not be resolved: " + ", ".join(missing),
            code="ConfigurationError",
        )
    return _REFERENCE.sub(lambda match: namespaces[match[1]][match[2]], text)


def resolve_configuration(
    configuration: Mapping[str, str], namespaces: Namespaces
) -> dict[str, str]:
    """Every value of an action's configuration resolved.

    A value that is itself JSON (`EnvironmentVariables`, `ParameterOverrides`) is resolved inside
    its strings, so that a commit message with a quotation mark stays one value.
    """
    return {key: _resolve_value(value, namespaces) for key, value in configuration.items()}


def _resolve_value(value: str, namespaces: Namespaces) -> str:
    if value.lstrip().startswith(("{", "[")):
        try:
            return json.dumps(_resolve_tree(json.loads(value), namespaces))
        except ValueError:
            pass  # only looks like JSON
    return resolve(value, namespaces)


def _resolve_tree(tree: Any, namespaces: Namespaces) -> Any:
    if isinstance(tree, str):
        return resolve(tree, namespaces)
    if isinstance(tree, list):
        return [_resolve_tree(item, namespaces) for item in tree]
    if isinstance(tree, dict):
        return {key: _resolve_tree(item, namespaces) for key, item in tree.items()}
    return tree
