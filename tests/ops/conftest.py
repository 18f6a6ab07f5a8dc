"""A pipeline with an approval on a running emulator, and its operator's commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from ops.__main__ import COMMANDS, parsers
from tests.embedded_aws.delivery import Delivery
from tests.embedded_aws.emulated import REGION, TOOLS, administrators, start


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str

    @property
    def document(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


type Ops = Callable[..., Said]


@pytest.fixture(scope="session")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    """Push, Approve, a change set in dev; a decision bucket as pipeline/decisions.py makes one."""
    root = tmp_path_factory.mktemp("delivery")
    with start(root, "codepipeline", "connections") as server:
        made = Delivery(server, administrators(server), tmp_path_factory.mktemp("worktree"))
        made.set_up()
        # Its creation started one, which finds nothing in the remote.
        made.ended(str(made.newest()["pipelineExecutionId"]))
        made.client("s3").create_bucket(
            Bucket=f"delivery-decisions-{TOOLS}-{REGION}",
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )
        yield made


@pytest.fixture(scope="session")
def tools(delivery: Delivery) -> Callable[[str], Any]:
    """The clients of the tools account's administrator, made once."""
    return cache(delivery.client)


@pytest.fixture
def ops(tools: Callable[[str], Any], capsys: pytest.CaptureFixture[str]) -> Ops:
    """Runs a command as the tools account's administrator, or with another client."""

    def run(*arguments: str, client: Callable[[str], Any] = tools) -> Said:
        return said(arguments, client, capsys)

    return run


def said(
    arguments: Sequence[str], client: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> Said:
    """Runs a command with this client."""
    capsys.readouterr()
    given = parsers()[0].parse_args(arguments)
    code = COMMANDS[given.command].run(client, given)
    return Said(code, capsys.readouterr().out)
