"""Templates written down for one rule each: what breaks it, and what does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assembly.intended import Intended
from assembly.templates import Assembly, Stack, Template
from gates.delivery import Delivery
from tests.support.synthesis import REPOSITORY

PROD = Stack("tap-prod", "333333333333", termination_protection=True, disposable=False)
DEV = Stack("tap-dev", "222222222222", termination_protection=False, disposable=True)
FILE = "t.template.json"


def resource(kind: str, /, *, declared: dict[str, Any] | None = None, **properties: Any) -> Any:
    """A resource's declaration; declared: what stands beside its properties."""
    return {"Type": kind, "Properties": properties} | (declared or {})


def manifest(stack: Stack, file: str = FILE) -> dict[str, Any]:
    """The manifest of an assembly of one stack with its template in `file`."""
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{stack.account}/us-west-2",
        "properties": {
            "templateFile": file,
            "stackName": stack.name,
            "terminationProtection": stack.termination_protection,
        },
    }
    return {"artifacts": {"S": artifact}}


def delivery(stack: Stack = PROD, directory: Path = Path(), /, **resources: Any) -> Delivery:
    """A delivery of one template with these resources, under this checkout's settings."""
    body = json.loads(json.dumps({"Resources": resources}))
    disposable = frozenset({stack.account} if stack.disposable else ())
    assembly = Assembly(directory, {"manifest.json": manifest(stack), FILE: body}, disposable)
    scripts = {f"scripts/{path.name}": path.read_text() for path in directory.glob("scripts/*")}
    return Delivery(assembly, Intended.of_checkout(REPOSITORY), directory, scripts=scripts)


def beside(**resources: Any) -> Template:
    """A template with these resources that no stack deploys."""
    return Template(FILE, {"Resources": resources})


def policy(action: Any, target: Any, role: str = "Role") -> Any:
    statement = {"Effect": "Allow", "Action": action, "Resource": target}
    document = {"Statement": [statement]}
    return resource("AWS::IAM::Policy", PolicyDocument=document, Roles=[{"Ref": role}])


def arn(name: str) -> Any:
    return {"Fn::GetAtt": [name, "Arn"]}
