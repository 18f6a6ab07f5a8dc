"""What this working tree would deploy passes every gate, and the command says so with a 0.

This proves that nothing unexplained is left, in any template and in the files of the checkout.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.support.synthesis import REPOSITORY, Assembly


def test_the_gates_are_clean(assembly: Assembly, tmp_path: Path) -> None:
    report = tmp_path / "gates.json"
    command = [
        str(REPOSITORY / "scripts/gates"),
        "--secrets",
        "--assembly",
        str(assembly.directory),
    ]
    done = subprocess.run(
        [*command, "--json", str(report)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(report.read_text())["findings"] == []


def test_the_synth_leaves_the_judging_to_the_gates(assembly: Assembly) -> None:
    """What the CDK's own validation would write beside the templates is not there."""
    assert not list(assembly.directory.rglob("validation-report.json"))
