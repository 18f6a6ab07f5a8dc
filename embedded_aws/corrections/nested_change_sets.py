"""A change set says what changes in nested stacks, too, when it is asked to.

With `IncludeNestedStacks`, CloudFormation makes a change set for every nested stack in the
hierarchy, and the change of the nested stack's resource has its `ChangeSetId` ("CreateChangeSet"
and "ResourceChange", AWS CloudFormation API Reference). MiniStack ignores it, so that nobody could
see what a deployment would do to a nested stack. What depends on a resource that does not exist yet
is compared as the template has it.

No property of a nested stack's resource asks for another stack ("AWS::CloudFormation::Stack", AWS
CloudFormation Template Reference); MiniStack says that each may.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import (
    changesets,
    engine,
    handlers,
    helpers,
    provisioners,
    stacks,
)

_NESTED = "AWS::CloudFormation::Stack"
_PARENT = "_parent_change_set"


def install() -> None:
    """Wraps the three calls about change sets where they are looked up."""
    provisioners._REPLACING_PROPERTIES.setdefault(_NESTED, ())
    table = handlers._ACTION_HANDLERS
    table["CreateChangeSet"] = _creating(table["CreateChangeSet"])
    table["DescribeChangeSet"] = _describing(table["DescribeChangeSet"])
    table["DeleteChangeSet"] = _deleting(table["DeleteChangeSet"])


def _creating(original: Any) -> Any:
    @functools.wraps(original)
    def create(params: Any) -> Any:
        answer = original(params)
        if (
            answer[0] == HTTPStatus.OK
            and handlers._p(params, "IncludeNestedStacks").lower() == "true"
        ):
            found = changesets._find_change_set(
                handlers._p(params, "ChangeSetName"), _name(handlers._p(params, "StackName"))
            )
            _add_nested(found[1])
        return answer

    return create


def _name(stack: str) -> str:
    """A stack's name, given that or its id."""
    found = handlers._resolve_stack(stack)
    return str(found["StackName"]) if found else stack


def _add_nested(change_set: dict[str, Any]) -> None:
    """A change set of its own for each nested stack that the change set adds or changes."""
    parent = handlers._resolve_stack(change_set["StackName"])
    resources = change_set["_template"].get("Resources", {})
    for change in (each["ResourceChange"] for each in change_set["Changes"]):
        if change["ResourceType"] == _NESTED and change["Action"] in ("Add", "Modify"):
            declared = resources[change["LogicalResourceId"]]
            nested = _change_set(change_set, parent, change, declared)
            if nested is not None:
                cloudformation._change_sets[nested["ChangeSetId"]] = nested
                change["ChangeSetId"] = nested["ChangeSetId"]
                _add_nested(nested)


def _change_set(
    outer: Mapping[str, Any],
    parent: Mapping[str, Any],
    change: Mapping[str, Any],
    declared: Mapping[str, Any],
) -> dict[str, Any] | None:
    """None where the template cannot be read: executing will say so."""
    name = f"{outer['StackName']}-{change['LogicalResourceId']}"
    existing = handlers._resolve_stack(change.get("PhysicalResourceId", "")) or {}
    template, values = _resolved(outer, parent, declared)
    if template is None:
        return None
    changes = _changes(existing, template, values, str(existing.get("StackName", name)))
    arn = f"arn:aws:cloudformation:{get_region()}:{get_account_id()}"
    return {
        **outer,
        "ChangeSetId": f"{arn}:changeSet/{outer['ChangeSetName']}/{new_uuid()}",
        "StackName": existing.get("StackName", name),
        "StackId": existing.get("StackId", f"{arn}:stack/{name}/{new_uuid()}"),
        "CreationTime": now_iso(),
        "ChangeSetType": "UPDATE" if existing else "CREATE",
        "Status": "CREATE_COMPLETE",
        "StatusReason": "",
        "ExecutionStatus": "UNAVAILABLE",
        "Changes": changes,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value["Value"]} for key, value in values.items()
        ],
        "_template": template,
        "_resolved_params": values,
        _PARENT: outer["ChangeSetId"],
    }


def _resolved(
    outer: Mapping[str, Any], parent: Mapping[str, Any], declared: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The nested stack's template, and its parameters as the parent would hand them over."""
    template, known = outer["_template"], outer["_resolved_params"]
    properties = engine._resolve_refs(
        copy.deepcopy(declared.get("Properties", {})),
        parent.get("_resources", {}),
        known,
        engine._evaluate_conditions(template, known),
        template.get("Mappings", {}),
        outer["StackName"],
        outer["StackId"],
    )
    body, error = helpers._resolve_template({"TemplateURL": [properties.get("TemplateURL", "")]})
    if error is not None or not body:
        return None, {}
    nested = engine._parse_template(body)
    given = [
        {"Key": key, "Value": "" if value is None else str(value)}
        for key, value in (properties.get("Parameters") or {}).items()
    ]
    return nested, engine._resolve_parameters(nested, given)


def _changes(
    existing: Mapping[str, Any], template: dict[str, Any], values: dict[str, Any], name: str
) -> list[dict[str, Any]]:
    before, known = existing.get("_template", {}), existing.get("_resolved_params", {})
    stack_id = existing.get("StackId", "")
    old = changesets._resolve_props_for_diff(before, known, name, stack_id)
    new = changesets._resolve_props_for_diff(template, values, name, stack_id)
    changed = {
        key
        for key, value in values.items()
        if known.get(key, {}).get("Value") != value.get("Value")
    }
    found: list[dict[str, Any]] = stacks._diff_resources(
        old, new, existing.get("_resources"), template, changed
    )
    return found


def _describing(original: Any) -> Any:
    @functools.wraps(original)
    def describe(params: Any) -> Any:
        answer = original(params)
        _, change_set = changesets._find_change_set(
            handlers._p(params, "ChangeSetName"), handlers._p(params, "StackName")
        )
        if answer[0] != HTTPStatus.OK or change_set is None:
            return answer
        return _with_ids(answer, change_set)

    return describe


def _with_ids(answer: tuple[int, dict[str, str], bytes], change_set: Mapping[str, Any]) -> Any:
    """The answer with the nested change sets' ids, where the service model has them."""
    status, headers, body = answer
    text = body.decode()
    for change in (each["ResourceChange"] for each in change_set["Changes"]):
        if "ChangeSetId" in change:
            name = f"<LogicalResourceId>{change['LogicalResourceId']}</LogicalResourceId>"
            text = text.replace(name, f"{name}<ChangeSetId>{change['ChangeSetId']}</ChangeSetId>")
    if _PARENT in change_set:
        end = "</DescribeChangeSetResult>"
        text = text.replace(
            end, f"<ParentChangeSetId>{change_set[_PARENT]}</ParentChangeSetId>{end}"
        )
    return status, headers, text.encode()


def _deleting(original: Any) -> Any:
    @functools.wraps(original)
    def delete(params: Any) -> Any:
        """Those of nested stacks go with it."""
        found, _ = changesets._find_change_set(
            handlers._p(params, "ChangeSetName"), _name(handlers._p(params, "StackName"))
        )
        answer = original(params)
        if answer[0] == HTTPStatus.OK and found:
            _delete_nested(found)
        return answer

    return delete


def _delete_nested(parent: str) -> None:
    known = cloudformation._change_sets
    for nested in [key for key, each in known.items() if each.get(_PARENT) == parent]:
        known.pop(nested, None)
        _delete_nested(nested)
