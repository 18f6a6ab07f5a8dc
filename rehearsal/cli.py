"""Rehearse a delivery on this machine: the synthesized pipeline against an embedded AWS."""

import shutil
import sys
from argparse import Namespace

from embedded_aws.installation import Account
from ops.pipeline import ActionRun, action_runs, executions
from rehearsal import approvals, shell, views
from rehearsal.accounts import Directory
from rehearsal.builds import is_build, log_lines
from rehearsal.errors import NothingToAnswerError, NotRunningError, RootError, UnknownActionError
from rehearsal.follow import Operator
from rehearsal.lifecycle import alone, operator
from rehearsal.progress import Progress
from rehearsal.rehearse import rehearse
from rehearsal.remote import Remote
from rehearsal.server import REPOSITORY, Server, is_root
from rehearsal.watch import bring_up_and_watch


def run(arguments: Namespace) -> int:
    """Rehearse the working tree; 0 only if prod's smoke tests passed."""
    progress = Progress(sys.stdout)
    try:
        with alone(arguments.root):
            passed = rehearse(arguments.root, arguments.port, progress, keep=arguments.keep)
    finally:
        progress.close()
    return 0 if passed else 1


def up(arguments: Namespace) -> int:
    """Bring everything up, push the working tree, leave the approval to a person."""
    progress = Progress(sys.stdout)
    try:
        bring_up_and_watch(arguments.root, arguments.port, progress, detach=arguments.detach)
    finally:
        progress.close()
    return 0


def down(arguments: Namespace) -> int:
    """End the server and everything it started; nothing up is fine."""
    Remote(arguments.root).remove_from(REPOSITORY)
    try:
        Server.attach(arguments.root).stop()
    except NotRunningError:
        print("nothing is up")
        return 0
    print("everything is down")
    return 0


def status(arguments: Namespace) -> int:
    """Print the stages and actions with their latest state."""
    ops = operator(Server.attach(arguments.root))
    state = ops.codepipeline.get_pipeline_state(name=ops.pipeline)
    newest = next(iter(executions(ops.codepipeline, ops.pipeline)), None)
    print(views.status_text(state, newest))
    return 0


def logs(arguments: Namespace) -> int:
    """Print the log of the latest build of one action."""
    ops = operator(Server.attach(arguments.root))
    latest = _latest_run(ops, arguments.action)
    if not is_build(latest.external_id):
        raise UnknownActionError(f"{latest.label} is not a build, so it has no log")
    print("\n".join(log_lines(ops.codebuild, ops.logs, latest.external_id)))
    return 0


def _latest_run(ops: Operator, name: str) -> ActionRun:
    """The newest run of the action called `Action` or `Stage/Action`, in any case of letters."""
    seen: dict[str, ActionRun] = {}
    for execution in executions(ops.codepipeline, ops.pipeline):
        for found in action_runs(ops.codepipeline, ops.pipeline, execution.id):
            seen.setdefault(found.label, found)
    fitting = [
        found
        for label, found in seen.items()
        if name.lower() in (label.lower(), found.action.lower())
    ]
    if len(fitting) == 1:
        return fitting[0]
    choices = ", ".join(found.label for found in fitting or seen.values()) or "none so far"
    problem = "fits several actions" if fitting else "has not run"
    raise UnknownActionError(f"{name!r} {problem}; there are: {choices}")


def approve(arguments: Namespace) -> int:
    """Approve the approval that waits."""
    return _answer(arguments, approved=True)


def reject(arguments: Namespace) -> int:
    """Reject the approval that waits; prod stays as it is."""
    return _answer(arguments, approved=False)


def _answer(arguments: Namespace, *, approved: bool) -> int:
    ops = operator(Server.attach(arguments.root))
    waiting = approvals.pending_approval(ops.codepipeline, ops.pipeline)
    if waiting is None:
        raise NothingToAnswerError("no approval waits: see `rehearsal status`")
    approvals.answer(
        ops.codepipeline, ops.pipeline, waiting, approved=approved, reason=arguments.reason
    )
    verb = "approved" if approved else "rejected"
    print(f"{verb} {waiting.stage}/{waiting.action} of execution {waiting.execution_id}")
    return 0


def env(arguments: Namespace) -> int:
    """Print `export` lines that point any AWS client at one account of the rehearsal."""
    server = Server.attach(arguments.root)
    account = Account[arguments.account.upper()]
    directory = Directory(server)
    more: dict[str, str] = {}
    if account is not Account.TOOLS:
        cloudformation = server.session(directory.administrator(account)).client("cloudformation")
        more = shell.api_variables(server, cloudformation, account.label)
    who = directory.administrator if arguments.administrator else directory.person
    print(shell.export_lines(server, who(account), more))
    return 0


def reset(arguments: Namespace) -> int:
    """End what runs and remove the root folder, caches included."""
    if arguments.root.exists() and not is_root(arguments.root):
        raise RootError(f"{arguments.root} was not made by the rehearsal: it is left alone")
    down(arguments)
    if arguments.root.exists():
        shutil.rmtree(arguments.root)
        print(f"removed {arguments.root}")
    return 0
