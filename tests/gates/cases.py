"""Templates written down for one rule each: what breaks it, and what does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assembly.templates import Assembly, Stack, Template

PROD = Stack("tap-prod", "333333333333", termination_protection=True, disposable=False)
DEV = Stack("tap-dev", "222222222222", termination_protection=False, disposable=True)


def resource(kind: str, /, *, declared: dict[str, Any] | None = None, **properties: Any) -> Any:
    """A resource's declaration; declared: what stands beside its properties."""
    return {"Type": kind, "Properties": properties} | (declared or {})


def assembly(stack: Stack | None = PROD, directory: Path = Path(), /, **resources: Any) -> Assembly:
    """An assembly of one template with these resources."""
    body = json.loads(json.dumps({"Resources": resources}))
    return Assembly((Template("t.template.json", body, directory, stack),), directory)


def policy(action: Any, target: Any, role: str = "Role") -> Any:
    statement = {"Effect": "Allow", "Action": action, "Resource": target}
    document = {"Statement": [statement]}
    return resource("AWS::IAM::Policy", PolicyDocument=document, Roles=[{"Ref": role}])


def arn(name: str) -> Any:
    return {"Fn::GetAtt": [name, "Arn"]}
