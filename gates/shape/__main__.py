"""`python -m gates.shape ASSEMBLY` (`make iam`): writes the snapshot of permissions anew.

Read the diff: what it adds, the pipeline and the application may do from the next push on.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from assembly.pipeline import Delivery
from gates.shape.snapshot import render

REPOSITORY = Path(__file__).resolve().parents[2]
SNAPSHOT = REPOSITORY / "tests/gates/iam.snapshot"


def main(assembly: Path) -> int:
    """0 when written; 1 when there is no cloud assembly to read."""
    if not (assembly / "manifest.json").exists():
        sys.stderr.write(f"{assembly} is no cloud assembly: run scripts/synth first\n")
        return 1
    delivery = Delivery.read(assembly, REPOSITORY, SNAPSHOT)
    after = render(delivery)
    diff = difflib.unified_diff(
        delivery.reviewed.splitlines(), after.splitlines(), "reviewed", "synthesized", lineterm=""
    )
    sys.stdout.writelines(f"{line}\n" for line in diff)
    SNAPSHOT.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
