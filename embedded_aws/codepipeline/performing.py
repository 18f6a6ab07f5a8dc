"""How one action, or one rule of a condition, is performed: on a thread of its own, to its end."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome, Runner
from embedded_aws.codepipeline.executions import ActionRun, Artifact, Execution, now
from embedded_aws.codepipeline.model import APPROVAL_TIMEOUT_MINUTES, ArtifactStore
from embedded_aws.codepipeline.state import Pipeline, State
from embedded_aws.codepipeline.variables import resolve_configuration

logger = logging.getLogger("codepipeline")


class Performer:
    """Performs runs with the runner of their provider. Safe to call from any thread."""

    def __init__(self, state: State, runners: Mapping[str, Runner]) -> None:
        self._changed = state.changed
        self._runners = runners

    def begin(self, pipeline: Pipeline, execution: Execution, runs: Iterable[ActionRun]) -> None:
        """Starts every run, side by side; each ends by itself."""
        for run in runs:
            threading.Thread(
                target=self._perform,
                args=(pipeline, execution, run),
                name=f"codepipeline {run.stage}/{run.action.name}",
                daemon=True,
            ).start()

    def wait_for(self, runs: Sequence[ActionRun]) -> None:
        """Returns when all of them have ended. The caller holds the state's lock."""
        self._changed.wait_for(partial(_all_ended, runs))

    def _perform(self, pipeline: Pipeline, execution: Execution, run: ActionRun) -> None:
        """Runs one action on its own thread: whatever happens ends the run."""
        try:
            context = self._context(pipeline, execution, run)
            if run.action.timeout_minutes and not run.action.is_approval:
                self._limit(run, run.action.timeout_minutes)
            outcome = self._runners[run.action.provider](context)
            if run.action.is_approval:
                self._await_answer(run)
                return
        except ActionError as error:
            self._end(run, "Failed", error=(error.code, str(error)))
        except Exception as error:  # the edge of the thread: an action must end, and say why
            logger.exception("action %s/%s", run.stage, run.action.name)
            self._end(run, "Failed", error=("InternalError", f"{type(error).__name__}: {error}"))
        else:
            self._end(run, "Succeeded", outcome=outcome)

    def _context(self, pipeline: Pipeline, execution: Execution, run: ActionRun) -> Context:
        action = run.action
        with self._changed:
            # Known even when a variable has no value, so that the record shows what was asked.
            run.configuration = dict(action.configuration)
            run.inputs = tuple(_input(execution, name) for name in action.inputs)
            run.configuration = resolve_configuration(action.configuration, execution.namespaces())
            revision, branch = execution.source_revisions.get(action.name, (None, None))
            store = execution.structure.stores[action.region or pipeline.region]
            return Context(
                pipeline=pipeline.name,
                account=pipeline.account,
                region=store.region,
                pipeline_role_arn=execution.structure.role_arn,
                store=store,
                execution_id=execution.id,
                job=run.id,
                stage=run.stage,
                action=action,
                configuration=run.configuration,
                inputs={artifact.name: artifact for artifact in run.inputs},
                outputs={name: _output(pipeline.name, store, name) for name in action.outputs},
                source_revision=revision,
                source_branch=branch,
                revisions=tuple(execution.revisions()),
                report=lambda **facts: self._report(run, facts),
                wait=lambda seconds: self._wait(run, seconds),
            )

    def _limit(self, run: ActionRun, minutes: int) -> None:
        """Fails the run when it takes longer: a rule's TimeoutInMinutes."""
        error = ("JobTimedOut", f"It did not end within {minutes} minutes.")
        timer = threading.Timer(minutes * 60, lambda: self._end(run, "Failed", error=error))
        timer.daemon = True
        timer.start()

    def _await_answer(self, run: ActionRun) -> None:
        """Until somebody answers, the execution is abandoned, or time is up."""
        minutes = run.action.timeout_minutes or APPROVAL_TIMEOUT_MINUTES
        with self._changed:
            if not self._changed.wait_for(lambda: run.status != "InProgress", minutes * 60):
                run.end("Failed", ("JobTimedOut", f"Nobody answered within {minutes} minutes."))
                self._changed.notify_all()

    def _report(self, run: ActionRun, facts: Mapping[str, str | None]) -> None:
        """What a running action already knows about itself (external id, URL, token…)."""
        with self._changed:
            for name, value in facts.items():
                setattr(run, name, value)
            run.updated = now()
            self._changed.notify_all()

    def _wait(self, run: ActionRun, seconds: float) -> bool:
        """Pauses an action that polls; False when nobody waits for its result any more."""
        with self._changed:
            return not self._changed.wait_for(lambda: run.status != "InProgress", seconds)

    def _end(
        self,
        run: ActionRun,
        status: str,
        *,
        error: tuple[str, str] | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        with self._changed:
            if run.status == "InProgress":  # not abandoned meanwhile
                if outcome is not None:
                    run.variables, run.revision = dict(outcome.variables), outcome.revision
                    run.outputs = tuple(outcome.artifacts)
                    run.summary = outcome.summary or run.summary
                run.end(status, error)
            self._changed.notify_all()


def _all_ended(runs: Iterable[ActionRun]) -> bool:
    return all(run.status != "InProgress" for run in runs)


def _input(execution: Execution, name: str) -> Artifact:
    artifact = execution.artifact(name)
    if artifact is None:
        raise ActionError(f"input artifact {name} does not exist", code="ConfigurationError")
    return artifact


def _output(pipeline: str, store: ArtifactStore, name: str) -> Artifact:
    """Where an output artifact goes: `<pipeline>/<artifact>/<random>`, shortened as AWS does."""
    key = f"{pipeline[:20]}/{name[:10]}/{secrets.token_hex(4)[:7]}"
    return Artifact(name, store.region, store.bucket, key)
