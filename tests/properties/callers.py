"""Who calls the service in the fault run: patient, hasty, forgetful and mistaken ones at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.support.cloud.account import Worker
from tests.support.cloud.simulation import Simulation
from tests.support.request_service import Response, Service, post

CALLERS = 32
PATIENCE = 12  # tries before a caller comes back much later
MUCH_LATER = (120.0, 1500.0)  # seconds; the sweeper gives a lost payload up within that time
MUCH_LATER_SHARE = 0.1  # of all repetitions
CRASHES = 0.02  # of all calls


@dataclass(frozen=True)
class Answer:
    status: int
    problem: str | None
    request_id: str | None


@dataclass
class Intent:
    """What a caller wants done once. key: None for one who does without, and so never repeats.

    hedged: sent twice at the same time. contested: somebody uses the key for another body as well.
    gives_up: sent once, whatever the answer.
    """

    number: int
    body: bytes
    key: str | None
    hedged: bool = False
    rival: Intent | None = None
    gives_up: bool = False
    answers: list[Answer] = field(default_factory=list)

    @property
    def acknowledged(self) -> set[str]:
        """The request ids that callers were told: their request is safe under these."""
        return {a.request_id or "" for a in self.answers if a.status == 200}


def intents(number: int, random: Random) -> Iterator[Intent]:
    for i in range(number):
        key = None if random.random() < 0.25 else f"key-{i}"
        intent = Intent(i, _body(i, random), key)
        if key is not None:
            intent.hedged = random.random() < 0.03
            intent.gives_up = random.random() < 0.03
            if random.random() < 0.01:
                intent.rival = Intent(i, _body(-i, random), key)
        yield intent


def _body(number: int, random: Random) -> bytes:
    return json.dumps({"order": number, "amount": random.randrange(10**6)}).encode()


class Crowd:
    """All callers. They share the list of intents: whoever is free takes the next one."""

    def __init__(self, simulation: Simulation, service: Service, wanted: list[Intent]) -> None:
        self._simulation = simulation
        self._service = service
        self._random = simulation.random
        self._waiting = iter(wanted)
        self.busy = 0

    def come(self) -> None:
        for _ in range(CALLERS):
            self._go(self._serve_one_after_the_other)

    def _go(self, action: Any) -> None:
        self.busy += 1
        self._simulation.spawn(lambda: self._until_done(action))

    def _until_done(self, action: Any) -> None:
        action()
        self.busy -= 1

    def _serve_one_after_the_other(self) -> None:
        for intent in self._waiting:
            self._simulation.sleep(self._random.expovariate(1 / 3))
            if intent.hedged:
                self._go(lambda again=intent: self._pursue(again))
            if intent.rival is not None:
                self._go(lambda rival=intent.rival: self._pursue(rival))
            self._pursue(intent)

    def _pursue(self, intent: Intent) -> None:
        """Send until there is an answer that repeating would not change."""
        for _ in range(PATIENCE):
            answer = self._send(intent)
            intent.answers.append(answer)
            if answer.status < 500 or intent.key is None or intent.gives_up:
                return
            longest = self._random.choice([1.0, 10.0, 200.0])
            self._simulation.sleep(self._random.uniform(0, longest))
            if self._random.random() < MUCH_LATER_SHARE:
                self._simulation.sleep(self._random.uniform(*MUCH_LATER))

    def _send(self, intent: Intent) -> Answer:
        worker = Worker()
        if self._random.random() < CRASHES:
            worker.dies_at = self._random.randint(1, 4)
            worker.dies_after = self._random.random() < 0.5
        return answer_of(self._service.call(post(intent.body, intent.key), worker))


def answer_of(response: Response | None) -> Answer:
    """What a caller makes of a proxy response, or of none."""
    if response is None:
        return Answer(502, None, None)
    document = json.loads(response["body"])
    status = int(response["statusCode"])
    # A problem's request id is that of the call.
    return Answer(status, document.get("type"), document["request_id"] if status == 200 else None)
