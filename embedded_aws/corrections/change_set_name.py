"""Policies may name change sets: `cloudformation:ChangeSetName`.

AWS has the key for what makes, deletes or executes a change set, so that a role may be given change
sets of its own names only ("Actions, resources, and condition keys for AWS CloudFormation", Service
Authorization Reference). MiniStack knows no condition keys of CloudFormation: whoever may make
change sets under such a condition could make none.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions

_NAME = "ChangeSetName"


def install() -> None:
    """Wraps what collects a request's own condition keys; all others are collected as before."""
    collect = iam_actions.request_tag_context

    def collect_with_name(service: str, action: str, body: bytes, params: dict[str, Any]) -> Any:
        found = collect(service, action, body, params)
        if service != "cloudformation" or not action.endswith("ChangeSet"):
            return found
        return {**found, f"cloudformation:{_NAME}": _name(iam_actions._query_param(params, _NAME))}

    iam_actions.request_tag_context = collect_with_name


def _name(given: str | None) -> str:
    """From the name or from `arn:…:changeSet/<name>/<id>`."""
    text = given or ""
    return text.split("/")[1] if text.startswith("arn:") else text
