"""Runs the gates: `python -m gates [--secrets] [--assembly cdk.out] [--json FILE] [TEMPLATE...]`.

Exits with 0 when clean, 1 with findings, 2 when a gate could not do its work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from assembly import templates as assembly
from gates import acknowledgements, report, rules
from gates.acknowledgements import AcknowledgementsError
from gates.finding import Finding, deduplicated
from gates.shape import gate as shape
from gates.tools import cache as memory
from gates.tools import copies, guard, lint, nag, secrets
from gates.tools.run import ToolError

CHECKOUT: Final = Path(__file__).parents[1]
MEMORY: Final = Path(".venv/.gates")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    try:
        found = findings(
            options.assembly,
            options.template or _bootstrap_templates(CHECKOUT),
            scan_secrets=options.secrets,
        )
        accepted = acknowledgements.load(options.acknowledged)
        if not options.secrets:
            accepted = [each for each in accepted if each.rule != secrets.RULE]
        judged = acknowledgements.judge(found, accepted)
    except (ToolError, AcknowledgementsError, FileNotFoundError) as error:
        sys.stderr.write(f"gates: cannot judge: {error}\n")
        return 2
    if options.json:
        report.write_json(judged, options.json)
    sys.stdout.write(report.text(judged, time.monotonic() - began) + "\n")
    return 1 if judged.remaining else 0


def findings(
    directory: Path,
    others: Sequence[Path],
    *,
    scan_secrets: bool = False,
    checkout: Path = CHECKOUT,
) -> list[Finding]:
    """What any gate finds in the assembly, in the templates `others` and in the checkout."""
    judged = assembly.read(
        directory,
        disposable_accounts=assembly.disposable_accounts(checkout / "cdk.json"),
        others=others,
        checkout=checkout,
    )
    last = memory.Memory(checkout / MEMORY, memory.key(judged))
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        copied = copies.write(judged, Path(folder))
        # The slowest first; each is a process of its own, so that threads are enough.
        gates: list[Callable[[], list[Finding]]] = [
            lambda: last.recall("cfn-lint", lambda: lint.findings(copied)),
            lambda: last.recall("cdk-nag", lambda: nag.findings(copied, Path(folder) / "nag")),
            lambda: last.recall("cfn-guard", lambda: guard.findings(copied, checkout)),
            lambda: rules.check(judged),
            lambda: shape.findings(directory, checkout),
        ]
        if scan_secrets:
            gates.append(lambda: secrets.findings(checkout))
        with ThreadPoolExecutor(len(gates)) as pool:
            results = list(pool.map(lambda gate: gate(), gates))
    return deduplicated([finding for result in results for finding in result])


def _bootstrap_templates(checkout: Path) -> list[Path]:
    return sorted((checkout / "accounts" / "bootstrap").glob("*.template.yaml"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gates", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--assembly", type=Path, default=CHECKOUT / "cdk.out", metavar="DIR")
    parser.add_argument(
        # Not in the pipeline: what has been pushed is known, however early a build says so.
        "--secrets",
        action="store_true",
        help="also scan the files of the checkout for secrets",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the findings there")
    parser.add_argument("--acknowledged", type=Path, default=acknowledgements.FILE, metavar="FILE")
    parser.add_argument(
        "template", nargs="*", type=Path, help="more templates (default: those of bootstrap/)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
