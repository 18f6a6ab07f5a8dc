"""cfn-lint with the serverless rules: is a template valid, and does it follow AWS's advice?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gates.finding import Finding
from gates.tools.copies import Copies
from gates.tools.run import run

# cfn-lint's exit code is a sum of 2 (errors), 4 (warnings) and 8 (informational).
_EXIT_CODES = range(0, 16, 2)


def findings(copies: Copies) -> list[Finding]:
    """Every match, informational ones left out."""
    # Through the interpreter: a program's first line names the folder that it was installed in, and
    # a build's cached environment has moved since.
    program = [sys.executable, str(Path(sys.executable).with_name("cfn-lint"))]
    rules = ["--append-rules", "cfn_lint_serverless.rules"]
    output = run(
        [*program, *rules, "--format", "json", "--template", *copies.files], expected=_EXIT_CODES
    )
    return [_finding(match, copies) for match in json.loads(output or "[]")]


def _finding(match: dict[str, Any], copies: Copies) -> Finding:
    template = copies.original(match["Filename"])
    path = match["Location"]["Path"] or []
    resource = str(path[1]) if path[:1] == ["Resources"] and len(path) > 1 else ""
    rule = match["Rule"]
    return Finding(
        template.path_of(resource),
        template.file,
        rule["Id"],
        match["Message"],
        f"{rule['Description'].rstrip('.')} (cfn-lint {rule['Id']}: {rule['Source']})",
        "/".join(str(part) for part in path[2:]),
    )
