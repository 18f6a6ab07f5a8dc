"""One recording: taken through AWS's APIs, kept as a dated file, compared with another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from embedded_aws.isolation import Isolation
from ops.pipeline import Pipeline
from rehearsal.errors import RehearsalError
from rehearsal.fidelity import Recorded, RunEvidence
from rehearsal.parity.probes import Clients, answers
from rehearsal.parity.shapes import Shape, differences
from settings import Settings

PIPELINE: Final = "tap-pipeline"
AWS: Final = "AWS"
FOLDER: Final = Path("docs/parity")
_SMOKE: Final = "Smoke"
_PASSED: Final = "passed"


class NothingToRecordError(RehearsalError):
    """The pipeline has delivered nothing yet; the text says what was looked for."""


@dataclass(frozen=True)
class Recording:
    """when: a date and time in UTC. at: "AWS", or the endpoint that stood for it. actions: status
    by `Stage/Action`. checks: by environment, "passed" or "failed" by the check's name. forms: of
    answers, by operation.
    """

    when: str
    at: str
    actions: Mapping[str, str]
    checks: Mapping[str, Mapping[str, str]]
    forms: Mapping[str, Shape]

    @classmethod
    def take(cls, clients: Clients, settings: Settings, at: str) -> Self:
        """Of the newest execution that has ended, whatever its end was, and reached smoke tests.

        Raises `NothingToRecordError`.
        """
        pipeline = Pipeline(PIPELINE, clients)
        stages = {each.stage: each.name for each in settings.environments}
        for execution in (each for each in pipeline.executions() if each.ended):
            runs = pipeline.action_runs(execution.id)
            smoke = [run for run in runs if run.action == _SMOKE and run.stage in stages]
            if not smoke:
                continue
            checks = {
                stages[run.stage]: {
                    case.name: _PASSED if case.passed else "failed"
                    for case in pipeline.test_cases(run)
                }
                for run in smoke
            }
            return cls(
                when=datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ"),
                at=at,
                actions={run.label: run.status for run in runs},
                checks=checks,
                forms=answers(clients, PIPELINE, execution.id, runs),
            )
        raise NothingToRecordError(
            f"no execution of {PIPELINE} has ended that reached the smoke tests of an environment"
        )

    def write(self, folder: Path) -> Path:
        """As a file of its own, named by its date; which one."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.when}.json"
        path.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n")
        return path

    def evidence(self) -> RunEvidence:
        """What happened and succeeded, as the fidelity table asks for it."""
        return RunEvidence.of(
            (label for label, status in self.actions.items() if status == "Succeeded"),
            {
                environment: [name for name, outcome in checks.items() if outcome == _PASSED]
                for environment, checks in self.checks.items()
            },
            Isolation(reason="a recording does not say how builds were kept apart"),
        )

    def differs(self, here: Recording) -> list[str]:
        """What was otherwise when this was recorded than it is `here`, a line each."""
        return [
            *_changed("action", self.actions, here.actions),
            *(
                line
                for environment in sorted({*self.checks, *here.checks})
                for line in _changed(
                    f"check {environment}",
                    self.checks.get(environment, {}),
                    here.checks.get(environment, {}),
                )
            ),
            *(
                line
                for operation in sorted({*self.forms} & {*here.forms})
                for line in differences(self.forms[operation], here.forms[operation], operation)
            ),
        ]


def newest(folder: Path) -> Recording | None:
    """The last recording in `folder`; None where none was ever made."""
    files = sorted(folder.glob("*.json"))
    return Recording(**json.loads(files[-1].read_text())) if files else None


def at_aws(checkout: Path) -> Recorded | None:
    """What the newest recording of a checkout shows, if it was made at AWS itself."""
    found = newest(checkout / FOLDER)
    return Recorded(found.when, found.evidence()) if found and found.at == AWS else None


def _changed(kind: str, recorded: Mapping[str, str], here: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*recorded, *here}):
        was, now = recorded.get(name, "not there"), here.get(name, "not there")
        if was != now:
            yield f"{kind} {name}: {was} at AWS, {now} here"
