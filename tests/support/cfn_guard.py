"""Evaluates rules with the engine that CloudFormation's Guard hooks run: the cfn-guard binary."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path
from typing import Any

from tests.support.synthesis import REPOSITORY

Template = dict[str, Any]


def guard() -> Path:
    """The binary for this machine, as npm installed it."""
    system = {"Linux": "ubuntu", "Darwin": "macos"}[platform.system()]
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    package = REPOSITORY / "node_modules/@cdklabs/cdk-validator-cfnguard"
    return package / "bin" / system / machine / "cfn-guard"


def excerpt(template: Template, *whole: str) -> Template:
    """The first resource of each type alone, and all of the types that are given.

    The engine takes a third of a second for all that we deploy, and rules ask the same of every
    resource of a type: one of each is enough to be edited.
    """
    kept: dict[str, Any] = {}
    seen: set[str] = set()
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in whole or resource["Type"] not in seen:
            kept[logical_id] = resource
        seen.add(resource["Type"])
    return {**template, "Resources": kept}


def failing(rules: Path, templates: list[Template], folder: Path) -> list[set[str]]:
    """For each template, the names of the rules that it breaks; one run of the engine for all."""
    command = [str(guard()), "validate", "--rules", str(rules)]
    command += ["--structured", "--output-format", "json", "--show-summary", "none"]
    for number, template in enumerate(templates):
        file = folder / f"{number:03}.template.json"
        file.write_text(json.dumps(template))
        command += ["--data", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 19), done.stderr
    reports = sorted(json.loads(done.stdout), key=lambda report: str(report["name"]))
    assert len(reports) == len(templates)
    return [
        {rule["Rule"]["name"].rpartition("/")[2] for rule in report["not_compliant"]}
        for report in reports
    ]
