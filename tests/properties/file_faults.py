"""The fault run of the file service: thousands of events while AWS fails and workers die.

    python -m tests.properties.file_faults [--events N] [--seeds N] [--seed N] [--jobs N]

One event in five is delivered twice or more, some of these at once, some by another event; events
come in any order, and one in twenty hours late. Every tenth call to AWS fails, half of those after
having had their effect; every twentieth attempt dies in the middle of some call to AWS, and Lambda
notices at once or when its time is over. One file in ten is poison, one in twenty meets a mistake
of ours, until that is mended and the dead-letter queue redriven.

This proves that every version of every file gets exactly one outcome, the right one, from services
that keep their documented promises. It proves nothing about those, nor about speed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

from services.files.runtime.processing.entry import ProcessingError
from tests.properties.file_model import Findings, Wanted, audit, look_at_failures
from tests.support.cloud.account import Faults, Worker, WorkerDiedError
from tests.support.cloud.faults import AFTER, BEFORE, Fault
from tests.support.cloud.simulation import Simulation
from tests.support.file_service import (
    TIMEOUT,
    UPLOADS,
    Build,
    FileService,
    announce,
    created,
    deploy,
)
from tests.support.request_service import log_nothing

FAULTS = 0.1
DEATHS = 0.05
REPEATED = 0.2
LATE = 0.05
POISON, MISTAKES = 0.1, 0.05
DAY = 24 * 3600.0
RETRIES = (60.0, 120.0)  # seconds before Lambda's second and third attempt
Event = Mapping[str, Any]


@dataclass
class Queue:
    """Lambda's queue of asynchronous invocations, and the dead letters behind it."""

    simulation: Simulation
    service: FileService
    deaths: float = DEATHS
    dead: list[Event] = field(default_factory=list)
    attempts: int = 0

    def deliver(self, event: Event) -> None:
        """All attempts of one invocation; the event is kept when none succeeds."""
        for pause in (*RETRIES, None):
            if self._attempt(event):
                return
            if pause is not None:
                self.simulation.sleep(pause)
        self.dead.append(event)

    def _attempt(self, event: Event) -> bool:
        self.attempts += 1
        random = self.simulation.random
        worker = Worker("processor")
        if random.random() < self.deaths:
            worker.dies_at = random.randint(1, 7)
            worker.dies_after = random.random() < 0.5
        try:
            self.service.invoke(event, worker=worker)
        except ProcessingError:
            return False
        except WorkerDiedError:
            if random.random() < 0.5:
                self.simulation.sleep(TIMEOUT.total_seconds())
            return False
        return True

    def redrive(self) -> None:
        """As `ops redrive` does: an event stays in the queue until it is known to be dealt with."""
        for _ in range(len(self.dead)):
            event = self.dead.pop(0)
            try:
                self.service.invoke(event)
            except ProcessingError:
                self.dead.append(event)


@dataclass
class Run:
    """What one seed did. calls: attempts on AWS by the processors, for each of their attempts."""

    seed: int
    events: int
    versions: int
    findings: Findings
    attempts: int
    dead: int
    calls: float
    seconds: float

    @property
    def row(self) -> list[object]:
        found = self.findings
        return [
            self.seed,
            self.events,
            self.versions,
            self.attempts,
            self.dead,
            found.unseen,
            found.outcomes["processed"],
            found.outcomes["rejected"],
            len(found.violations),
            f"{self.calls:.2f}",
            f"{self.seconds:.0f}",
        ]


HEADINGS = "seed events versions attempts dead unseen processed rejected violations calls cpu"


def run(seed: int, events: int, build: Build | None = None) -> Run:
    """One whole run, in this process."""
    began = process_time()
    simulation = Simulation(seed)
    faulty = [True]
    with tempfile.TemporaryDirectory() as scratch:
        faults = _faults(simulation, faulty)
        service = deploy(simulation, Path(scratch), faults=faults, build=build)
        queue = Queue(simulation, service)
        deliveries = Deliveries(simulation, service, queue, events)
        deliveries.spawn()
        for number in range(1, 13):
            # Somebody is impatient: mistakes are not mended yet, and leases may still run.
            simulation.spawn(queue.redrive, after=600.0 * number)
        simulation.run()
        _rest(simulation)
        findings, dead = Findings(), len(queue.dead)
        queued = {_row_key(event, deliveries.wanted) for event in queue.dead}
        wanted = list(deliveries.wanted.values())
        look_at_failures(service.cloud, wanted, queued, findings)
        faulty[0], service.workshop.broken = False, False
        simulation.spawn(queue.redrive)
        simulation.run()
        findings.unfinished += [_row_key(event, deliveries.wanted) for event in queue.dead]
        audit(service.cloud, wanted, findings)
    return Run(
        seed,
        deliveries.events,
        len(wanted),
        findings,
        attempts=queue.attempts,
        dead=dead,
        calls=sum(n for (role, _), n in service.cloud.calls.items() if role == "processor")
        / queue.attempts,
        seconds=process_time() - began,
    )


def _rest(simulation: Simulation) -> None:
    """Until every lease is over, and everything that was late has come."""
    simulation.spawn(lambda: simulation.sleep(3600))
    simulation.run()


@dataclass
class Deliveries:
    """Files come in over an hour; their events follow, repeated and in disorder."""

    simulation: Simulation
    service: FileService
    queue: Queue
    limit: int
    events: int = 0
    wanted: dict[str, Wanted] = field(default_factory=dict)

    def spawn(self) -> None:
        number = 0
        while self.events < self.limit:
            number += 1
            random = self.simulation.random
            bodies = [*_bodies(number, random)]
            deliveries = [[*_deliveries(random)] for _ in bodies]
            self.events += sum(len(each) for each in deliveries)
            self.simulation.spawn(
                partial(self._upload, number, bodies, deliveries),
                after=random.uniform(0, 3600),
            )

    def _upload(
        self, number: int, bodies: list[bytes], deliveries: list[list[tuple[float, int]]]
    ) -> None:
        """The versions of one file, and an event of each for every delivery."""
        key, order = self._key(number), 0xFF
        for body, delays in zip(bodies, deliveries, strict=True):
            reply = self.service.cloud.storage.put_object(Bucket=UPLOADS, Key=key, Body=body)
            order += self.simulation.random.randint(1, 20 * order)
            version = Wanted(key, reply["VersionId"], order, body)
            self.wanted[version.version_id] = version
            # They are hexadecimal, and of any length.
            sequencer = f"{order:X}".zfill(self.simulation.random.randint(1, 18))
            event = created(key, version.version_id, sequencer, len(body))
            for delay, number_of_event in delays:
                event = {**event, "id": f"{version.version_id}-{number_of_event}"}
                self.simulation.spawn(partial(self.queue.deliver, event), after=delay)
            self.simulation.sleep(self.simulation.random.choice((0.5, 30.0)))

    def _key(self, number: int) -> str:
        """Most files are announced; some are put into the bucket by hand."""
        if number % 4 == 0:
            return f"by hand/{number}+%20 ü.{'JSON' if number % 8 else 'csv'}"
        filename = f"{number} a+b 50%.{('JPG', 'png', 'Csv')[number % 3]}"
        content_type = ("image/jpeg", "image/png", "text/csv")[number % 3]
        document = {"filename": filename, "content_type": content_type, "size": 9}
        while True:
            answer = self.service.call(announce(document, key=f"file-{number}"))
            if answer["statusCode"] == 201:
                break
            self.simulation.sleep(1)
        return str(json.loads(answer["body"])["upload"]["fields"]["key"])


def _bodies(number: int, random: Random) -> Iterator[bytes]:
    """Of the versions of one file; four files in five have one."""
    for version in range(random.choice((1, 1, 1, 1, 2, 3))):
        chance = random.random()
        kind = b"good"
        if chance < POISON:
            kind = b"poison"
        elif chance < POISON + MISTAKES:
            kind = b"mistake"
        yield b"%s %d.%d %d" % (kind, number, version, random.randrange(10**9))


def _deliveries(random: Random) -> Iterator[tuple[float, int]]:
    """Of one version: after how many seconds, and by which event; S3 may tell it by several."""
    times = 1
    if random.random() < REPEATED:
        times += random.choice((1, 1, 2))
    for number in range(times):
        delay = random.expovariate(1 / 20)
        if random.random() < LATE:
            delay = random.uniform(3600, DAY)
        yield delay, 0 if random.random() < 0.3 else number


def _faults(simulation: Simulation, faulty: list[bool]) -> Faults:
    random = simulation.random

    def draw(_role: str, _service: str, _operation: str) -> Fault | None:
        if not faulty[0] or random.random() >= FAULTS:
            return None
        return random.choice(random.choice((BEFORE, AFTER)))

    return draw


def _row_key(event: Event, wanted: Mapping[str, Wanted]) -> str:
    return wanted[event["detail"]["object"]["version-id"]].row_key


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="file_faults", description="The file service's fault run")
    parser.add_argument("--events", type=int, default=10_000, help="of each seed")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from --seed on")
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    seeds = range(options.seed, options.seed + options.seeds)
    bad = False
    print(*(f"{heading:>10}" for heading in HEADINGS.split()))
    with ProcessPoolExecutor(options.jobs, initializer=log_nothing) as pool:
        for result in pool.map(run, seeds, [options.events] * len(seeds)):
            print(*(f"{cell!s:>10}" for cell in result.row), flush=True)
            for violation in result.findings.violations[:10]:
                print("   ", violation)
            bad = bad or bool(result.findings.violations)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
