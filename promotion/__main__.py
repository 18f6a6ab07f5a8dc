"""Says what a release would do to what runs now: one page to approve from, and its JSON twin.

`python -m promotion cdk.out --commit ID` with the credentials of the tools account; --role-arn
names the role in the target account that may make change sets there, and read. With --execution it
also says what that execution's tests said, what waits behind it, and which stacks stay behind that
the pipeline has deployed before. Nothing is deployed.

Exit code: 0 when nothing speaks against the release, 1 when something does, 2 when it could not be
looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from assembly.intended import QUALIFIER, Intended
from assembly.templates import Assembly, NoAssemblyError
from ops.decisions import Bucket
from ops.errors import OpsError
from ops.pipeline import Pipeline, found
from ops.verdicts import Level
from pages.files import replace as write
from promotion import looking, page, release, report, targets, twin, variables
from promotion.preview import Previewer
from promotion.release import Release
from promotion.report import Report, Running
from settings import SettingsError

type ClientOf = Callable[[str], Any]
_FINE, _RED, _NOT_DONE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code. Errors become messages here, in one place."""
    given = parser().parse_args(arguments)
    if given.keep and not given.execution:
        return _fail("--keep needs --execution: the page is kept by it")
    tools = boto3.Session().client
    try:
        made = make(given, tools, looking.session(given.role_arn).client)
        kept = keep(given, made, tools) if given.keep else ""
    except (NoAssemblyError, OpsError, SettingsError) as error:
        return _fail(str(error))
    except ClientError as error:
        return _fail(f"AWS refused {error.operation_name}: {error.response['Error']['Message']}")
    except BotoCoreError as error:
        return _fail(f"AWS cannot be asked: {error}")
    write(given.html, page.render(made))
    write(given.json, twin.text(made))
    write(given.variables, variables.lines(made))
    for verdict in made.verdicts:
        print(f"{verdict.level.upper():<5} {verdict.about}: {verdict.text!r}")
    print(f"{made.release.name}: {given.html}, {given.json}")
    if kept:
        print(f"kept: {kept}")
    return _RED if made.count(Level.RED) else _FINE


def make(given: Namespace, tools: ClientOf, target: ClientOf) -> Report:
    """The report. tools, target: make clients in the account of the pipeline and of the stacks."""
    intended = Intended.of_checkout(given.checkout)
    assembly = Assembly.read(given.assembly, intended.disposable_accounts)
    wanted = targets.of_assembly(assembly, given.commit)
    pipeline = found(tools, given.pipeline) if given.execution else None
    deployed = {run.stack for run in pipeline.history() if run.stack} if pipeline else set()
    cloudformation = target("cloudformation")
    place = _placing(target("s3"), intended.guarded.account, intended.region)
    previewer = Previewer(cloudformation, assembly, place)
    previews, verdicts = report.of_stacks(cloudformation, previewer, wanted, deployed)
    waits = release.of_assembly(given.assembly, given.commit)
    runs, before = _known(targets.running(cloudformation, wanted), pipeline, tools)
    reviewed = report.reviewed(given.checkout)
    if pipeline is None or (given.checkout / ".git").exists():
        history = report.history(given.checkout, runs, waits)
    else:
        history = report.pushed(pipeline.executions(), runs, waits, (before, reviewed))
    tests, said = report.tested(pipeline, given.execution) if pipeline else ([], [])
    return Report(
        environment=intended.guarded.name,
        release=waits,
        running=runs,
        previews=tuple(previews),
        verdicts=report.in_order([*verdicts, *report.of_history(history), *said]),
        history=history,
        tests=tuple(tests),
        reviewed=reviewed,
        execution=given.execution or "",
    )


def keep(given: Namespace, made: Report, tools: ClientOf) -> str:
    """Keeps the page where `python -m ops approve` finds its verdicts; its address for a person."""
    bucket = Bucket(found(tools, given.pipeline).name, tools)
    return bucket.keep_promotion(given.execution, page.render(made), twin.text(made))


def _known(
    runs: Running | None, pipeline: Pipeline | None, tools: ClientOf
) -> tuple[Running | None, Mapping[str, str] | None]:
    """With the release, if what runs was promoted with a page, and what was reviewed of it."""
    if runs is None or pipeline is None:
        return runs, None
    bucket = Bucket(pipeline.name, tools)
    for execution in pipeline.executions():
        if execution.status == "Succeeded" and execution.commit == runs.commit:
            document = bucket.promotion(execution.id)
            if document:
                was = Release(document["release"]["commit"], document["release"]["digest"])
                return replace(runs, release=was), document.get("reviewed")
    return runs, None


def _placing(s3: Any, account: str, region: str) -> Callable[[str, str], str]:
    """Puts templates where the CDK CLI puts them, among the account's assets, in a folder of
    their own: the role that looks may write nothing else there."""
    bucket = f"cdk-{QUALIFIER}-assets-{account}-{region}"

    def place(_: str, body: str) -> str:
        key = f"promotion/{hashlib.sha256(body.encode()).hexdigest()}.json"
        s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ExpectedBucketOwner=account)
        return f"https://s3.{region}.amazonaws.com/{bucket}/{key}"

    return place


def _fail(message: str) -> int:
    print(f"promotion: {message}", file=sys.stderr)
    return _NOT_DONE


def parser() -> ArgumentParser:
    """Every option."""
    made = ArgumentParser(
        prog="python -m promotion",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("assembly", type=Path, help="the cloud assembly of the release, as cdk.out")
    made.add_argument("--commit", required=True, metavar="ID", help="what it was made from")
    made.add_argument("--execution", metavar="ID", help="of the pipeline, that would deploy it")
    made.add_argument("--pipeline", metavar="NAME", help="default: the only one there is")
    made.add_argument("--role-arn", metavar="ARN", help="of the target account, to look with")
    made.add_argument("--checkout", type=Path, default=Path.cwd(), help="default: this folder")
    made.add_argument("--keep", action="store_true", help="in the pipeline's decision bucket, too")
    made.add_argument("--html", type=Path, default=Path("reports/promotion.html"), metavar="FILE")
    said = Path("reports/promotion.txt")
    made.add_argument("--variables", type=Path, default=said, metavar="FILE", help="for builds")
    made.add_argument("--json", type=Path, default=Path("reports/promotion.json"), metavar="FILE")
    return made


if __name__ == "__main__":
    sys.exit(main())
