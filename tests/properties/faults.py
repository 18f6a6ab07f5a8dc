"""The fault run: thousands of requests while AWS fails, workers die and callers repeat themselves.

    python -m tests.properties.faults [--requests N] [--seeds N] [--seed N] [--jobs N]

Prints a line a seed and exits 1 on any violation. One seed is one run, exactly: what a seed found,
it finds again. Every tenth call to AWS fails, half of those after having had their effect; every
fiftieth call of the API ends with its worker's death at some call to AWS, as does every tenth run
of the sweeper. The workflow's own calls fail alike.

This proves that the code keeps its promises against services that keep theirs. It does not prove
that AWS does (tests/support/cloud names the documentation it follows), nor anything about speed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from time import process_time

from tests.properties.audit import Findings, audit
from tests.properties.callers import Crowd, intents
from tests.support.cloud.account import Cloud, Faults, Worker
from tests.support.cloud.faults import AFTER, BEFORE, Fault
from tests.support.cloud.simulation import Simulation
from tests.support.request_service import Build, deploy, log_nothing

FAULTS = 0.1
SWEEPER_DEATHS = 0.1
SWEEP_EVERY = 60.0  # seconds
REST = 2400.0  # seconds after the last caller by which everything must have come to rest
GOAL = 3.6  # calls to AWS a request


@dataclass
class Run:
    """What one seed did. calls: attempts by API and sweeper, a request.

    queries: those of them by which the sweeper looks for work, every minute, requests or not.
    """

    seed: int
    requests: int
    findings: Findings
    calls: float
    queries: float
    acknowledged: int
    executions: int
    seconds: float

    @property
    def bad(self) -> bool:
        return bool(self.findings.violations)

    @property
    def row(self) -> list[object]:
        found = self.findings
        return [
            self.seed,
            self.requests,
            self.acknowledged,
            self.executions,
            len(found.lost),
            len(found.duplicates),
            len(found.orphans),
            len(found.wrong),
            sum(found.failed.values()),
            f"{self.calls:.2f}",
            f"{self.queries:.2f}",
            f"{self.seconds:.0f}",
        ]


HEADINGS = (
    "seed requests acknowledged executions lost duplicates orphans wrong failed calls queries cpu"
)


def run(seed: int, requests: int, build: Build | None = None) -> Run:
    """One whole run, in this process."""
    began = process_time()
    simulation = Simulation(seed)
    cloud, service = deploy(simulation, faults=_random_faults(simulation), build=build)
    wanted = list(intents(requests, simulation.random))
    crowd = Crowd(simulation, service, wanted)
    crowd.come()
    simulation.spawn(
        lambda: sweep_until_rest(
            simulation,
            cloud,
            lambda: service.sweep(_sweeping_worker(simulation)),
            lambda: crowd.busy == 0,
        )
    )
    simulation.run()
    return Run(
        seed,
        requests,
        audit(cloud, wanted),
        calls=sum(n for (role, _), n in cloud.calls.items() if role != "workflow") / requests,
        queries=cloud.calls["sweeper", "query"] / requests,
        acknowledged=sum(bool(intent.acknowledged) for intent in wanted),
        executions=sum(len(executions) for executions in cloud.machine.by_name.values()),
        seconds=process_time() - began,
    )


def _random_faults(simulation: Simulation) -> Faults:
    random = simulation.random

    def draw(_role: str, _service: str, _operation: str) -> Fault | None:
        if random.random() >= FAULTS:
            return None
        return random.choice(random.choice((BEFORE, AFTER)))

    return draw


def sweep_until_rest(
    simulation: Simulation,
    cloud: Cloud,
    sweep: Callable[[], object],
    callers_are_done: Callable[[], bool],
) -> None:
    """The schedule: until nobody calls any more and no row is open, or patience ends."""
    last_call = simulation.now
    while not (callers_are_done() and _at_rest(cloud)):
        if not callers_are_done():
            last_call = simulation.now
        if simulation.now > last_call + REST:
            return
        simulation.sleep(SWEEP_EVERY)
        # A run may take longer than the pause between two: they overlap then, as on AWS.
        simulation.spawn(sweep)


def _sweeping_worker(simulation: Simulation) -> Worker:
    worker = Worker(role="sweeper")
    if simulation.random.random() < SWEEPER_DEATHS:
        worker.dies_at = simulation.random.randint(1, 60)
        worker.dies_after = simulation.random.random() < 0.5
    return worker


def _at_rest(cloud: Cloud) -> bool:
    return all(
        item["status"]["S"] in ("completed", "failed") for item in cloud.table.items.values()
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description="The fault run")
    parser.add_argument("--requests", type=int, default=10_000, help="of each seed")
    parser.add_argument("--seeds", type=int, default=20, help="how many, from --seed on")
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    seeds = range(options.seed, options.seed + options.seeds)
    runs = []
    print(*(f"{heading:>12}" for heading in HEADINGS.split()))
    with ProcessPoolExecutor(options.jobs, initializer=log_nothing) as pool:
        for result in pool.map(run, seeds, [options.requests] * len(seeds)):
            runs.append(result)
            print(*(f"{cell!s:>12}" for cell in result.row), flush=True)
            for violation in result.findings.violations[:10]:
                print("   ", violation)
    requests = sum(result.requests for result in runs)
    calls = sum(result.calls * result.requests for result in runs) / requests
    print(f"{requests} requests, {calls:.3f} calls a request (goal: at most {GOAL})")
    return 1 if calls > GOAL or any(result.bad for result in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
