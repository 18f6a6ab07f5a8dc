"""Prod on a running emulator: stacks that run, and what a new template would do to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assembly.templates import Assembly
from promotion.preview import Previewer, StackPreview, Target
from tests.embedded_aws.emulated import PROD, REGION, Server, administrators, start

TEMPLATES = "promoted-templates"


@dataclass(frozen=True)
class Prod:
    """The account that a release would be deployed to."""

    client: Callable[[str], Any]

    def deploy(self, name: str, body: Mapping[str, Any], **nested: Mapping[str, Any]) -> None:
        """Creates a stack, or updates it. nested: templates that it holds by name."""
        for key, template in nested.items():
            self.put(f"{name}/{key}", json.dumps(template))
        api = self.client("cloudformation")
        there = any(s["StackName"] == name for s in api.describe_stacks()["Stacks"])
        call = api.update_stack if there else api.create_stack
        may = ["CAPABILITY_NAMED_IAM"]
        call(StackName=name, TemplateBody=json.dumps(body), Capabilities=may)
        waiter = api.get_waiter(f"stack_{'update' if there else 'create'}_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1})

    def put(self, key: str, body: str) -> str:
        """Puts a template where CloudFormation can read it; its URL."""
        self.client("s3").put_object(Bucket=TEMPLATES, Key=key, Body=body.encode())
        return f"https://s3.{REGION}.amazonaws.com/{TEMPLATES}/{key}"

    def preview(
        self,
        name: str,
        body: Mapping[str, Any],
        parameters: Mapping[str, str] | None = None,
        **nested: Mapping[str, Any],
    ) -> list[StackPreview]:
        """What deploying the template would do."""
        for key, template in nested.items():
            self.put(f"{name}/{key}", json.dumps(template))
        assembly = assembled(name, body, **nested)
        previewer = Previewer(self.client("cloudformation"), assembly, self.put)
        return previewer.preview(Target(name, assembly.stack(name), parameters or {}))


def assembled(name: str, body: Mapping[str, Any], **nested: Mapping[str, Any]) -> Assembly:
    """A cloud assembly with one stack."""
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{PROD}/{REGION}",
        "properties": {"templateFile": "stack.template.json", "stackName": name},
    }
    templates = {f"{key}.template.json": dict(each) for key, each in nested.items()}
    manifest = {"manifest.json": {"artifacts": {"Stack": stack}}}
    return Assembly(Path(), {**manifest, "stack.template.json": dict(body), **templates})


def holding(stack: str, key: str, **parameters: Any) -> dict[str, Any]:
    """The resource of a nested stack whose template was given by this name."""
    url = f"https://s3.{REGION}.amazonaws.com/{TEMPLATES}/{stack}/{key}"
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": url, "Parameters": parameters},
        "Metadata": {"aws:asset:path": f"{key}.template.json"},
    }


def template(**resources: Any) -> dict[str, Any]:
    """A template of nothing but these."""
    return {"Resources": resources}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start(tmp_path_factory.mktemp("prod")) as server:
        yield server


@pytest.fixture(scope="session")
def prod(server: Server) -> Prod:
    session = server.session(administrators(server)[PROD])
    made = Prod(cache(session.client))
    where = {"LocationConstraint": REGION}
    made.client("s3").create_bucket(Bucket=TEMPLATES, CreateBucketConfiguration=where)
    return made
