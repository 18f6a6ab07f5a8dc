"""Says whether what is about to be deployed is what its promotion page showed.

`python -m promotion.confirm cdk.out --commit ID --execution ID --digest D --running ID`, with the
credentials of the tools account; --role-arn names the role in the target account that may look.
--digest and --running are what the page was made of and against. A rollback is let through: it
deploys what was approved and served before.

Exit code: 0 when it is, 1 when it is not, 2 when nobody could look.
"""

from __future__ import annotations

import argparse
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from assembly.templates import Assembly, NoAssemblyError
from ops.errors import OpsError
from ops.pipeline import Pipeline
from promotion import looking, release, targets
from promotion.release import Release
from promotion.variables import NOTHING

type ClientOf = Callable[[str], Any]
_SAME, _OTHER, _NOT_DONE = 0, 1, 2
_ANEW: Final = (
    "Nothing was deployed. Let the pipeline take the newest commit again (aws codepipeline "
    "start-pipeline-execution, or a push): it makes the page anew and asks anew"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code. Errors become messages here, in one place."""
    given = parser().parse_args(arguments)
    try:
        target = looking.session(given.role_arn).client
        found = list(problems(given, boto3.Session().client, target))
    except (NoAssemblyError, OpsError, ClientError, BotoCoreError) as error:
        print(f"confirm: nobody could look: {error}", file=sys.stderr)
        return _NOT_DONE
    for problem in found:
        print(f"confirm: {problem}. {_ANEW}.", file=sys.stderr)
    if not found:
        print("confirm: what is deployed is what was approved")
    return _OTHER if found else _SAME


def problems(given: Namespace, tools: ClientOf, target: ClientOf) -> Iterator[str]:
    """Why what is deployed is not what was shown, for people. tools, target: make clients in the
    account of the pipeline and of the stacks."""
    if Pipeline(given.pipeline, tools).is_rollback(given.execution):
        return
    waits = release.of_assembly(given.assembly, given.commit)
    if waits.digest != given.digest:
        shown = Release(given.commit, given.digest)
        yield (
            f"{waits.name} (digest {waits.digest}) would be deployed, but the page that was "
            f"approved from shows {shown.name} (digest {given.digest})"
        )
    wanted = targets.of_assembly(Assembly.read(given.assembly), given.commit)
    runs = targets.running(target("cloudformation"), wanted)
    now = runs.commit if runs else NOTHING
    # Its own commit: an earlier attempt of this stage got that far.
    if now not in (given.running, given.commit):
        yield (
            f"{now} runs there by now, but the page that was approved from was made against "
            f"{given.running}"
        )


def parser() -> ArgumentParser:
    """Every option."""
    made = ArgumentParser(
        prog="python -m promotion.confirm",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("assembly", type=Path, help="the cloud assembly that is deployed, as cdk.out")
    made.add_argument("--commit", required=True, metavar="ID", help="what it was made from")
    made.add_argument("--execution", required=True, metavar="ID", help="that deploys it")
    made.add_argument("--pipeline", required=True, metavar="NAME", help="whose execution it is")
    made.add_argument("--digest", required=True, metavar="D", help="of the release on the page")
    made.add_argument("--running", required=True, metavar="ID", help="what the page compared with")
    made.add_argument("--role-arn", metavar="ARN", help="of the target account, to look with")
    return made


if __name__ == "__main__":
    sys.exit(main())
