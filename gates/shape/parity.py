"""Prod is dev once more: what dev's smoke tests met is what prod gets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from assembly.intended import Target
from assembly.pipeline import Delivery, Stack
from assembly.plain import plain
from gates.shape.violation import Violation

# What prod may have that dev has not: its data outlives its stack. A template's asset is compared
# by its content, not by its address.
PROD_MAY = re.compile(
    r"[^ ]*/(DeletionPolicy = Retain|DeletionPolicy = RetainExceptOnCreate"
    r"|UpdateReplacePolicy = Retain|DeletionProtectionEnabled = True"
    r"|PointInTimeRecoveryEnabled = True|TemplateURL = .*)"
)
# What dev may have that prod has not: its data goes with its stack, and what empties the bucket.
DEV_MAY = re.compile(
    r"[^ ]*/(DeletionPolicy = Delete|UpdateReplacePolicy = Delete|DeletionProtectionEnabled = False"
    r"|PointInTimeRecoveryEnabled = False|TemplateURL = .*)"
    r"|(BucketEmptierLogs|CustomS3AutoDeleteObjectsCustomResourceProvider(Handler|Role)"
    r"|RequestsBucketAutoDeleteObjectsCustomResource)/.*"
    r"|RequestsBucket/Properties/Tags/\*/(Key = aws-cdk:auto-delete-objects|Value = true)"
    r"|RequestsBucketPolicy/Properties/PolicyDocument/Statement/\*/(Effect = Allow"
    r"|Action/\* = s3:(DeleteObject\*|GetBucket\*|List\*|PutBucketPolicy)"
    r"|Principal/AWS = <CustomS3AutoDeleteObjectsCustomResourceProviderRole\.Arn>)"
)
# CDK ends logical ids with hashes of a construct's path, which names its stage.
HASHES = re.compile(r"[0-9A-F]{8}|[0-9a-f]{32}")


def prod_gets_what_dev_tested(delivery: Delivery) -> Iterator[Violation]:
    """Prod has no resource, code, setting or output that dev has not, and lacks none either.

    Something that is only in prod is something that no smoke test has met before an approver was
    told that they passed. Something that is only in dev, such as a limit, an alarm or a signature,
    is what prod lost.
    """
    dev, prod = (_facts(delivery, target) for target in delivery.intended.targets)
    yield from _differences(prod - dev, PROD_MAY, "is in prod as it never was in dev")
    yield from _differences(dev - prod, DEV_MAY, "is in dev, and prod goes without")


def _differences(facts: set[str], may: re.Pattern[str], why: str) -> Iterator[Violation]:
    found: dict[str, list[str]] = {}
    for fact in sorted(facts):
        if not may.fullmatch(fact):
            found.setdefault(fact.partition("/")[0], []).append(fact.partition("/")[2])
    for resource, lines in found.items():
        yield Violation(
            f"tap-prod/{resource}",
            f"{why}:\n" + "\n".join(lines),
            "make both environments from one ApplicationStage, or have the difference reviewed in "
            "gates/shape/parity.py",
        )


def _facts(delivery: Delivery, target: Target) -> set[str]:
    """Every value in the target's templates, with its path, without the target's own names."""
    stacks = [stack for stack in delivery.stacks if stack.account == target.account]
    return {fact for stack in stacks for fact in _flat(_anonymous(stack, target))}


def _anonymous(stack: Stack, target: Target) -> dict[str, Any]:
    resources = {
        logical_id: {key: plain(value) for key, value in each.items() if key != "Metadata"}
        for logical_id, each in stack.resources()
    }
    text = json.dumps({**resources, "Outputs": plain(stack.template.get("Outputs", {}))})
    for logical_id in sorted(resources, key=len, reverse=True):
        text = text.replace(logical_id, HASHES.sub("", logical_id))
    text = text.replace(target.account, "ACCOUNT").replace(f"Stack{target.stage}", "StackSTAGE")
    named: dict[str, Any] = json.loads(re.sub(rf"\b{target.environment}\b", "ENV", text))
    return named


def _flat(value: Any, path: str = "") -> Iterator[str]:
    """A line for each leaf; lists without their order, so that one may be a part of another."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _flat(each, f"{path}/{key}" if path else key)
    elif isinstance(value, list) and value:
        for each in value:
            yield from _flat(each, f"{path}/*")
    else:
        yield f"{path} = {value}"
