"""Measures our functions against naive ones, and deliveries against ones from nothing; tells what
was reached, and writes the tables down.

python -m benchmarks [--rounds N] [--deliveries-only]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import deliveries, images, tables
from benchmarks.run import BENCHMARKS, REPOSITORY, Comparison, Subject, compare, staged_copy
from services.common.packaging.aws_models import ROOTS
from services.common.packaging.bundling import Bundle, stage

TABLE = REPOSITORY / "docs" / "benchmarks.md"
DELAY = 0.010
WARM_REQUESTS = 60
# Of the wall time and of the CPU time that the naive function takes.
GOALS = {"warm": 0.60, "cold": 0.70}

_PAGE = """\
# Benchmarks

Written by `make bench`; last on {day}, {machine}.

## Requests

| request service, POST without a key | naive | ours | ratio | goal |
|---|---|---|---|---|
| warm: wall time of a request, {delay:.0f} ms injected per AWS call | {warm.baseline:.1f} ms \
| {warm.ours:.1f} ms | **{warm.ratio:.2f}** | {goals[warm]:.2f} |
| cold: CPU time of initialization and first request | {cold.baseline:.0f} ms \
| {cold.ours:.0f} ms | **{cold.ratio:.2f}** | {goals[cold]:.2f} |

Medians of {warm.samples} requests (warm) and {cold.samples} fresh interpreters (cold) a side. Both
sides take turns in one run on one machine: trust the ratios, not the milliseconds. A busy machine
(load above its cores) stretches the naive side's three waits more than our two.

**Naive** is `benchmarks/naive_requests.py`: three boto3 clients, three calls one after the other,
no validation, logs or metrics. **Ours** is the staged asset as it ships, with all of these, and
with the idempotent stores behind it. Both run on Lambda's Python version with boto3 and nothing
else installed, byte-compiled, in a process that has already imported what Lambda's runtime imports
(`benchmarks/probe.py`). AWS is a local TLS server that answers after the delay
(`benchmarks/stub.py`; no delay for cold). Each side trusts the certificate authorities that it
trusts on AWS, and the stub's.

Not measured: the network to AWS, Lambda's own share of a cold start (sandbox, download), and a
processor share of less than one core, which makes CPU time count several times.

Where it comes from:

- Warm: S3 and DynamoDB at once, then Step Functions: two round trips instead of three. A checksum
  of our own in the request's head saves botocore's `Expect: 100-continue` to S3.
- Cold: botocore without boto3; descriptions of services cut down to the operations we call (clients
  are made in a tenth of the time); Amazon's certificate authorities instead of all (botocore reads
  them anew for every connection); everything byte-compiled with unchecked hashes.

The reasons, and what was left undone: `docs/decisions/2026-11-23-cold-starts.md`.
{pictures}{tables}
{deliveries}"""


def main(arguments: list[str]) -> int:
    """The command line; the exit code. Missing a goal is told, not an error: machines differ."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measures our functions")
    parser.add_argument("--rounds", type=int, default=15, help="fresh interpreters a side")
    parser.add_argument(
        "--deliveries-only", action="store_true", help="leave the other tables as they are"
    )
    options = parser.parse_args(arguments)
    rounds: int = options.rounds
    if options.deliveries_only:
        before = TABLE.read_text().partition(deliveries.HEADING)[0].rstrip()
        TABLE.write_text(f"{before}\n\n{delivered(max(rounds // 15, 1))}")
        return 0
    figures = measure(rounds)
    for name, comparison in figures.items():
        verdict = "reached" if comparison.ratio <= GOALS[name] else "MISSED"
        print(f"{name}: ratio {comparison.ratio:.2f}, goal {GOALS[name]:.2f} {verdict}")
    # Pictures and tables take seconds a run, and vary less.
    fewer = max(rounds // 3, 1)
    pictures = images.rows(fewer)
    print(images.verdict(pictures))
    transformed = tables.rows(fewer)
    print(*map(tables.verdict, transformed), sep="\n")
    TABLE.write_text(
        page(
            figures,
            images.section(pictures, fewer),
            tables.section(transformed, fewer),
            delivered(max(rounds // 15, 1)),
        )
    )
    return 0


def measure(rounds: int) -> dict[str, Comparison]:
    """The request service's two figures, each with its two sides interleaved."""
    ours = Subject(
        stage(Bundle(runtime="services/requests/runtime")),
        "services.requests.runtime.handler",
        REPOSITORY / ROOTS,
    )
    with tempfile.TemporaryDirectory() as folder:
        naive = staged_copy(BENCHMARKS / "naive_requests.py", Path(folder))
        return {
            "warm": compare(
                naive, ours, "warm", rounds=max(rounds // 3, 1), delay=DELAY, requests=WARM_REQUESTS
            ),
            "cold": compare(naive, ours, "cold", rounds=rounds, delay=0.0),
        }


def delivered(rounds: int) -> str:
    """The section about deliveries, once they are measured and their verdicts told."""
    with tempfile.TemporaryDirectory(prefix="deliveries-") as folder:
        measured = deliveries.rows(rounds, Path(folder))
    print(*(row.verdict for row in measured), sep="\n")
    return deliveries.section(measured, rounds)


def page(figures: dict[str, Comparison], pictures: str, transformed: str, delivery: str) -> str:
    """docs/benchmarks.md. pictures, transformed: its sections about the file service. delivery:
    the one about deliveries."""
    return _PAGE.format(
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=f"Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}",
        delay=DELAY * 1000,
        goals=GOALS,
        pictures=pictures,
        tables=transformed,
        deliveries=delivery,
        **{name: comparison.in_milliseconds() for name, comparison in figures.items()},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
