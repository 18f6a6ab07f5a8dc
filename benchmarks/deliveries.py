"""How long deliveries take in a rehearsal, against one from nothing and against plain `cdk deploy`.

Every figure is of a command that a developer types, in clones of this repository's HEAD with warm
package caches: they share one folder of those. Ratios are of one session, whose commands run one
after the other. Processor time is taken beside wall time: a busy machine stretches it less.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.run import REPOSITORY
from embedded_aws.clients import Credentials
from embedded_aws.host import node_bin
from embedded_aws.server import Server

HEADING = "## Deliveries"
BASELINE = "daf8d8b"
"""The last commit whose every rehearsal started from nothing."""
INSTALLED = (".venv", ".venv-emulator", "node_modules")
REGION = "us-west-2"
STACKS = {"dev": "TapPipelineStack/Dev/*", "prod": "TapPipelineStack/Prod/*"}


@dataclass(frozen=True)
class Taken:
    """Seconds that a command took, and of the processors with all that it started; None where that
    cannot be told."""

    wall: float
    cpu: float | None


@dataclass(frozen=True)
class Row:
    """A ratio of what two commands took, and what it should be at most, of wall time."""

    what: str
    ours: Taken
    against: str
    baseline: Taken
    goal: float

    @property
    def ratio(self) -> float:
        """Of wall times."""
        return self.ours.wall / self.baseline.wall

    @property
    def text(self) -> str:
        """A row of the table."""
        cpu = "not measured"
        if self.ours.cpu is not None and self.baseline.cpu is not None:
            cpu = f"{self.ours.cpu / self.baseline.cpu:.2f}"
        return (
            f"| {self.what} | {self.ours.wall:.1f} s | {self.against} | {self.baseline.wall:.1f} s "
            f"| **{self.ratio:.2f}** | {self.goal:.2f} | {cpu} |"
        )

    @property
    def verdict(self) -> str:
        """For the terminal."""
        reached = "reached" if self.ratio <= self.goal else "MISSED"
        return f"{self.what}: ratio {self.ratio:.2f}, goal {self.goal:.2f} {reached}"


@dataclass
class Clone:
    """A checkout of one commit with what is installed here, and the root of its rehearsals."""

    folder: Path
    root: Path

    @classmethod
    def of(cls, commit: str, scratch: Path, cache: Path) -> Clone:
        """A new one below `scratch`. cache: where its builds find what earlier ones left."""
        clone = cls(scratch / commit / "worktree", scratch / commit / "root")
        clone.root.mkdir(parents=True)
        (clone.root / "cache").symlink_to(cache)
        _run(["git", "clone", "-qs", "--no-checkout", str(REPOSITORY), str(clone.folder)], scratch)
        _run(["git", "checkout", "-q", "--detach", commit], clone.folder)
        for name in INSTALLED:
            (clone.folder / name).symlink_to(REPOSITORY / name)
        return clone

    def rehearse(self, *options: str) -> Taken:
        """What `scripts/rehearsal run` took. Raises CalledProcessError when it does not pass."""
        command = ["bash", "scripts/rehearsal", "--root", str(self.root), "run", *options]
        return _taken(lambda: _run(command, self.folder))

    def rehearse_from_nothing(self, scratch: Path) -> Taken:
        """What the first one takes, whose builds find nothing that earlier ones left."""
        with TemporaryDirectory(dir=scratch) as root:
            return replace(self, root=Path(root)).rehearse()

    def from_push_to_green(self) -> Taken:
        """Of the last rehearsal: seconds from the source action's start to the last one's end."""
        actions = json.loads((self.root / "last" / "summary.json").read_text())["actions"]
        began = min(datetime.fromisoformat(each["started"]) for each in actions)
        ended = max(datetime.fromisoformat(each["ended"]) for each in actions)
        return Taken((ended - began).total_seconds(), None)

    def rehearse_a_change(self, number: int) -> Taken:
        """The same after a change of one line of a Lambda function."""
        with (self.folder / "services/requests/runtime/handler.py").open("a") as code:
            code.write(f"\n\nCHANGED = {number}\n")
        return self.rehearse()

    def deploy_plainly(self, *synthesized: str) -> Taken:
        """What `scripts/synth` and `cdk deploy` of both environments take, into accounts that are
        bootstrapped and empty, each with its administrator's keys.

        synthesized: options by which `cdk deploy` takes what is synthesized; by default it
        synthesizes anew, each time.
        """
        kept = self.root / "kept" / "accounts"
        port = json.loads((kept / "manifest.json").read_text())["port"]
        people = json.loads((kept / "administrators.json").read_text())
        state = kept / "state.pickle"
        with Server(self.root, port, region=REGION, state=state) as server:
            for label in STACKS:
                _let_protect(server, Credentials(**people[label]["credentials"]))

            def deploy() -> None:
                _run(["bash", "scripts/synth"], self.folder)
                for label, stacks in STACKS.items():
                    keys = Credentials(**people[label]["credentials"])
                    command = ["node_modules/.bin/cdk", "deploy", *synthesized, stacks]
                    command += ["--require-approval", "never"]
                    _run(command, self.folder, server.environment(keys))

            return _taken(deploy)


def _let_protect(server: Server, administrator: Credentials) -> None:
    """Gives the CDK's deploy role what our bootstrap takes from it: the CLI protects stacks from
    termination, a pipeline does not."""
    session = server.session(administrator)
    account = session.client("sts").get_caller_identity()["Account"]
    allowed = {"Action": "cloudformation:UpdateTerminationProtection", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **allowed}]}
    session.client("iam").put_role_policy(
        RoleName=f"cdk-hnb659fds-deploy-role-{account}-{REGION}",
        PolicyName="protects-stacks",
        PolicyDocument=json.dumps(document),
    )


def rows(rounds: int, scratch: Path) -> list[Row]:
    """Every ratio, of medians. scratch: an empty folder."""
    cache = REPOSITORY / ".rehearsal" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    ours, earlier = (Clone.of(commit, scratch, cache) for commit in (_head(), BASELINE))
    for each in (ours, earlier):
        each.rehearse()  # fills its caches
    taken: dict[str, list[Taken]] = {}
    for number in range(rounds):
        steps: Sequence[tuple[str, Callable[[], Taken]]] = (
            ("baseline", earlier.rehearse),
            ("fresh", lambda: ours.rehearse("--fresh")),
            ("green", ours.from_push_to_green),
            ("nothing", ours.rehearse),
            ("line", partial(ours.rehearse_a_change, number)),
            ("green line", ours.from_push_to_green),
            ("plain", ours.deploy_plainly),
            ("synthesized", partial(ours.deploy_plainly, "--app", "cdk.out")),
            ("nothing kept", partial(ours.rehearse_from_nothing, scratch)),
        )
        for name, measured in steps:
            taken.setdefault(name, []).append(measured())
            print(f"  {name}: {taken[name][-1]}", flush=True)
    return _rows({name: _middle(each) for name, each in taken.items()})


def _middle(taken: Sequence[Taken]) -> Taken:
    cpu = [each.cpu for each in taken if each.cpu is not None]
    return Taken(median(each.wall for each in taken), median(cpu) if cpu else None)


def _rows(taken: Mapping[str, Taken]) -> list[Row]:
    first = ("the first `run`: no state, no caches", taken["nothing kept"])
    fresh = ("`run --fresh`: no state, warm caches", taken["fresh"])
    before = (f"the same at {BASELINE}, always from nothing", taken["baseline"])
    plain = "`scripts/synth` and `cdk deploy` of dev and prod"
    typed = (f"{plain}, as typed", taken["plain"])
    synthesized = (f"{plain} with `--app cdk.out`", taken["synthesized"])
    green = "from the push to prod's smoke tests, from nothing"
    line = "the same of one line of a function"
    return [
        Row("`run`, nothing changed", taken["nothing"], *first, 0.5),
        Row("`run`, nothing changed", taken["nothing"], *fresh, 0.5),
        Row("`run`, one line of a function changed", taken["line"], *first, 0.7),
        Row("`run`, one line of a function changed", taken["line"], *fresh, 0.7),
        Row("warm `make rehearse`", taken["nothing"], *before, 0.6),
        Row(green, taken["green"], *typed, 1.0),
        Row(green, taken["green"], *synthesized, 1.0),
        Row(line, taken["green line"], *typed, 1.0),
        Row(line, taken["green line"], *synthesized, 1.0),
    ]


def section(measured: Sequence[Row], rounds: int) -> str:
    """The part of docs/benchmarks.md."""
    table = "\n".join(row.text for row in measured)
    load = os.getloadavg()[2]
    return f"""{HEADING}

| rehearsed | ours | against | that | ratio | goal | ratio of processor time |
|---|---|---|---|---|---|---|
{table}

Wall times of whole commands, start and end of the embedded AWS included; medians of {rounds}
round(s) in one session, with warm caches where nothing else is said. The machine had
{os.cpu_count()} cores, and a load average of {load:.1f} over the last quarter of an hour: above its
cores it was busy with other work, which stretches single figures, and ratios with them.
`cdk deploy` deploys with the CDK's defaults, without pipeline, artifacts, gates, smoke tests and
approval, into accounts that were bootstrapped.
As typed it synthesizes anew for each environment, with the CDK's own validation.
"""


def _head() -> str:
    return _run(["git", "rev-parse", "HEAD"], REPOSITORY).strip()


def _taken(work: Callable[[], object]) -> Taken:
    wall, cpu = time.monotonic(), _of_children()
    work()
    return Taken(time.monotonic() - wall, _of_children() - cpu)


def _of_children() -> float:
    """Processor seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> str:
    """What the command printed. Raises CalledProcessError, with that in it."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment["PATH"] = f"{node_bin(REPOSITORY)}{os.pathsep}{environment['PATH']}"
    done: Any = subprocess.run(
        command,
        cwd=folder,
        env={**environment, **(more or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout)
        done.check_returncode()
    return str(done.stdout)
