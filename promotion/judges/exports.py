"""Does the deployment take an export away that another stack still imports? Then it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from assembly.text import plain
from ops.verdicts import Level, Verdict
from promotion.preview import StackPreview

ABOUT: Final = "exports"


def judge(cloudformation: Any, previews: Sequence[StackPreview]) -> Iterator[Verdict]:
    """CloudFormation refuses to remove or change an export in use ("Get exported outputs from a
    deployed CloudFormation stack", AWS CloudFormation User Guide)."""
    for preview in previews:
        if preview.is_new or preview.unseen:
            continue
        before, after = (
            _exports(preview.before, preview.name),
            _exports(preview.after, preview.name),
        )
        for name in sorted(before - after):
            importers = _importers(cloudformation, name)
            if importers:
                yield Verdict(Level.RED, ABOUT, _text(preview.label, name, importers))


def _exports(template: Mapping[str, Any], stack: str) -> set[str]:
    """Names of exports; what only CloudFormation knows stands as the template has it."""
    names = (
        plain(output["Export"]["Name"])
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    )
    return {str(name).replace("<AWS::StackName>", stack) for name in names}


def _importers(cloudformation: Any, export: str) -> list[str]:
    """ListImports answers a validation error for an export that nobody imports."""
    try:
        pages = cloudformation.get_paginator("list_imports").paginate(ExportName=export)
        return [name for page in pages for name in page["Imports"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return []
        raise


def _text(stack: str, export: str, importers: Sequence[str]) -> str:
    return (
        f"{stack} no longer exports {export}, but {', '.join(importers)} imports it: the "
        "deployment will fail. Two steps: first deliver a version in which nobody imports it and "
        "it is still exported (in CDK, exportValue keeps an export), then one that removes it"
    )
