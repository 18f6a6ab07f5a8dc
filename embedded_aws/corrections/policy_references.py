"""A resource comes after what its update policy refers to.

AWS counts references in an `UpdatePolicy` like those in properties: an alias comes after its
deployment group, which is why the CDK names an alias's alarms without referring to the alias
(`Alias.metric`, after "Circular dependency between alias, alarm and deployment group", an issue of
aws-cdk). MiniStack orders by properties alone, so a group that changes together with its alias
would change after the deployment that it is for.
"""

from __future__ import annotations

import functools
from typing import Any

from ministack.services.cloudformation import engine, stacks


def install() -> None:
    """Wraps where the dependencies of a resource are collected."""
    original = engine._extract_deps

    @functools.wraps(original)
    def collect(definition: dict[str, Any], *more: Any) -> Any:
        policy = {"Properties": definition.get("UpdatePolicy") or {}}
        return original(definition, *more) | original(policy, *more)

    engine._extract_deps = stacks._extract_deps = collect
