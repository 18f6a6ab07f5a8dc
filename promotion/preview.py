"""What a deployment would do: CloudFormation's own change sets, made, read and deleted again.

A change set changes nothing until it is executed ("Update CloudFormation stacks using change sets",
AWS CloudFormation User Guide). One for a stack that does not exist would leave an empty stack
behind, so what is new is read from its template instead.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from botocore.exceptions import ClientError

from assembly.templates import NESTED, Assembly, Resource, Template
from promotion.changes import Action, Change, stack_name

_POLL_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 300.0
# The reasons of a change set without changes, which CloudFormation calls FAILED.
_NO_CHANGES: Final = ("didn't contain changes", "No updates are to be performed")
_CAPABILITIES: Final = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# "Template body size in a request", AWS CloudFormation quotas.
LONGEST_BODY: Final = 51_200

type Body = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """A stack that would be deployed. parameters: those that the deployment sets."""

    name: str
    template: Template
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StackPreview:
    """What would happen to one stack, or to one nested in it. label: how people name it.

    name: its name at AWS, "" while it does not exist. before, after: its templates, {} where
    there is none. unseen: why changes could not be seen, or "".
    """

    label: str
    name: str
    before: Body
    after: Body
    changes: tuple[Change, ...] = ()
    unseen: str = ""

    @property
    def is_new(self) -> bool:
        return not self.before


class Previewer:
    """Makes previews in one account. cloudformation: a client there.

    place: puts a template that is too long for a call where CloudFormation can read it, and answers
    its URL.
    """

    def __init__(
        self, cloudformation: Any, assembly: Assembly, place: Callable[[str, str], str]
    ) -> None:
        self._api = cloudformation
        self._assembly = assembly
        self._place = place

    def preview(self, target: Target) -> list[StackPreview]:
        """The stack, and every nested stack that is new, gone or changes."""
        stack = self._stack(target.name)
        if stack is None:
            return list(self._new(target.name, target.template))
        before = self._template(target.name)
        status = stack["StackStatus"]
        if not status.endswith("_COMPLETE") or status == "ROLLBACK_COMPLETE":
            why = f"the stack is in {status}: CloudFormation takes no change of it now"
            return [
                StackPreview(target.name, target.name, before, target.template.body, unseen=why)
            ]
        name = f"promotion-{uuid.uuid4().hex}"
        try:
            made = self._create(target, before, name)
            return list(self._read(made, target.name, target.name, before, target.template))
        except ClientError as error:
            why = error.response["Error"]["Message"]
            return [
                StackPreview(target.name, target.name, before, target.template.body, unseen=why)
            ]
        finally:
            self._api.delete_change_set(StackName=target.name, ChangeSetName=name)

    def _stack(self, name: str) -> dict[str, Any] | None:
        """None for one that is not there, or that was never executed."""
        try:
            (stack,) = self._api.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None
        return None if stack["StackStatus"] == "REVIEW_IN_PROGRESS" else dict(stack)

    def _template(self, name: str) -> Body:
        body = self._api.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        return dict(_Loader(body).get_single_data() if isinstance(body, str) else body)

    def _create(self, target: Target, before: Body, name: str) -> str:
        body = json.dumps(target.template.body, separators=(",", ":"))
        long = len(body.encode()) > LONGEST_BODY
        given = {"TemplateURL": self._place(target.name, body)} if long else {"TemplateBody": body}
        kept = before.get("Parameters", {}).keys() & target.template.body.get("Parameters", {})
        parameters = [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in target.parameters.items()
        ] + [
            {"ParameterKey": key, "UsePreviousValue": True}
            for key in sorted(kept - target.parameters.keys())
        ]
        answer = self._api.create_change_set(
            StackName=target.name,
            ChangeSetName=name,
            ChangeSetType="UPDATE",
            IncludeNestedStacks=True,
            Capabilities=_CAPABILITIES,
            Parameters=parameters,
            **given,
        )
        return str(answer["Id"])

    def _read(
        self, change_set: str, label: str, name: str, before: Body, after: Template
    ) -> Iterator[StackPreview]:
        described = self._settled(change_set)
        reason = described.get("StatusReason", "")
        if described["Status"] == "FAILED":
            unseen = "" if any(each in reason for each in _NO_CHANGES) else reason
            yield StackPreview(label, name, before, after.body, unseen=unseen)
            return
        rows = list(self._rows(change_set))
        olds, news = before.get("Resources", {}), after.body.get("Resources", {})
        changes = [
            Change.parse(
                label,
                row,
                olds.get(row["LogicalResourceId"], {}),
                news.get(row["LogicalResourceId"], {}),
            )
            for row in rows
        ]
        yield StackPreview(label, name, before, after.body, tuple(changes))
        for row in rows:
            if row["ResourceType"] == NESTED:
                yield from self._nested(row, label, after)

    def _nested(
        self, row: Mapping[str, Any], label: str, parent: Template
    ) -> Iterator[StackPreview]:
        label = f"{label} / {row['LogicalResourceId']}"
        name = stack_name(row.get("PhysicalResourceId", ""))
        before = self._template(name) if name else {}
        if row["Action"] == "Remove":
            yield _gone(label, name, before)
            return
        template = next(
            self._assembly.nested_in(each)
            for each in parent.resources(NESTED)
            if each.logical_id == row["LogicalResourceId"]
        )
        if template is None:
            yield StackPreview(
                label, name, before, {}, unseen="its template is not in the assembly"
            )
        elif not name:
            yield from self._new(label, template)
        elif "ChangeSetId" not in row:
            why = "CloudFormation made no change set for it"
            yield StackPreview(label, name, before, template.body, unseen=why)
        else:
            yield from self._read(row["ChangeSetId"], label, name, before, template)

    def _new(self, label: str, template: Template) -> Iterator[StackPreview]:
        resources = list(template.resources())
        added = [Change(label, r.logical_id, "", r.type, Action.ADDED, "") for r in resources]
        yield StackPreview(label, "", {}, template.body, tuple(added))
        for resource in resources:
            yield from self._new_nested(label, resource)

    def _new_nested(self, label: str, resource: Resource) -> Iterator[StackPreview]:
        template = self._assembly.nested_in(resource) if resource.type == NESTED else None
        if template is not None:
            yield from self._new(f"{label} / {resource.logical_id}", template)

    def _settled(self, change_set: str) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            found = self._api.describe_change_set(ChangeSetName=change_set)
            if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                return dict(found)
            if time.monotonic() > deadline:
                why = "CloudFormation has not finished its change set"
                return {"Status": "FAILED", "StatusReason": why}
            time.sleep(_POLL_SECONDS)

    def _rows(self, change_set: str) -> Iterator[dict[str, Any]]:
        pages = self._api.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
        for page in pages:
            for each in page["Changes"]:
                if "ResourceChange" in each:
                    yield each["ResourceChange"]


def _gone(label: str, name: str, before: Body) -> StackPreview:
    """A nested stack that is removed takes its resources along, each by its own policy."""
    removed = [
        Change.parse(
            label,
            {"Action": "Remove", "LogicalResourceId": key, "ResourceType": resource["Type"]},
            resource,
            {},
        )
        for key, resource in before.get("Resources", {}).items()
    ]
    return StackPreview(label, name, before, {}, tuple(removed))


class _Loader(yaml.SafeLoader):
    """Reads a template that somebody wrote as YAML: `!Ref X` is `{"Ref": "X"}`."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _tagged)
