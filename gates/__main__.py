"""Runs the gates: `python -m gates [--secrets] [--assembly DIR] [--json FILE] [TEMPLATE...]`.

Exits with 0 when clean, 1 with findings, 2 when a gate could not do its work.

`python -m gates accept DIR` writes the reviewed texts anew from the cloud assembly in DIR.
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

from gates import acknowledgements, report, reviewed, rules
from gates.acknowledgements import AcknowledgementsError
from gates.dead_letters import without_false_alarms
from gates.delivery import Delivery
from gates.finding import Finding, deduplicated
from gates.tools import bootstrap, copies, guard, lint, nag, secrets
from gates.tools.cache import Cache
from gates.tools.run import ToolError
from settings import SettingsError

CHECKOUT: Final = Path(__file__).parents[1]
CACHE: Final = Path(".venv/.gates")


def main(arguments: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        match given:
            case ["accept", assembly]:
                return accept(Path(assembly), CHECKOUT)
            case _:
                return _judge(_parser().parse_args(given))
    except (ToolError, AcknowledgementsError, FileNotFoundError, SettingsError) as error:
        sys.stderr.write(f"gates: cannot judge: {error}\n")
        return 2


def accept(assembly: Path, checkout: Path) -> int:
    """Writes gates/reviewed anew from what was synthesized from the checkout. Always 0."""
    for path in reviewed.write(Delivery.read(assembly, checkout)):
        sys.stdout.write(f"{path.relative_to(checkout)} written\n")
    return 0


def _judge(options: argparse.Namespace) -> int:
    began = time.monotonic()
    delivery = Delivery.read(options.assembly, CHECKOUT, options.template or None)
    found = findings(delivery, scan_secrets=options.secrets)
    accepted = acknowledgements.load(options.acknowledged)
    if not options.secrets:
        accepted = [each for each in accepted if each.rule != secrets.RULE]
    judged = acknowledgements.judge(found, accepted, delivery.intended.settings)
    if options.json:
        report.write_json(judged, options.json)
    sys.stdout.write(report.text(judged, time.monotonic() - began) + "\n")
    return 1 if judged.remaining else 0


def findings(delivery: Delivery, *, scan_secrets: bool = False) -> list[Finding]:
    """What any gate finds in the delivery and, on request, secrets in its checkout."""
    checkout = delivery.checkout
    last = Cache.of(delivery, checkout / CACHE)
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        copied = copies.write(delivery, Path(folder))
        # The slowest first; each is a process of its own, so that threads are enough.
        gates: list[Callable[[], list[Finding]]] = [
            lambda: last.get("cfn-lint", lambda: lint.findings(copied)),
            lambda: last.get("cdk-nag", lambda: nag.findings(copied, Path(folder) / "nag")),
            lambda: last.get("cfn-guard", lambda: guard.findings(copied, checkout)),
            lambda: last.get("bootstrap", lambda: bootstrap.findings(delivery)),
            lambda: rules.check(delivery),
        ]
        if scan_secrets:
            gates.append(lambda: secrets.findings(checkout))
        with ThreadPoolExecutor(len(gates)) as pool:
            results = list(pool.map(lambda gate: gate(), gates))
    found = [finding for result in results for finding in result]
    return deduplicated(without_false_alarms(found, delivery))


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
        "template",
        nargs="*",
        type=Path,
        help="templates to judge beside the assembly (default: those of accounts/bootstrap/)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
