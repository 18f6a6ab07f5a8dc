"""Pipelines that look for changes of their source themselves: `PollForSourceChanges`.

Source: CodePipeline user guide "action-reference-S3" and "action-reference-CodeCommit" (true unless
it says otherwise). AWS looks every minute or so; here a push is looked for at once, and anything
else that changes the source within seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing

from botocore.exceptions import ClientError

from embedded_aws import registry
from embedded_aws.codepipeline.engine import Engine
from embedded_aws.codepipeline.executions import ActionRun, Execution
from embedded_aws.codepipeline.model import Action
from embedded_aws.codepipeline.state import Pipeline
from embedded_aws.connections import played, repository
from embedded_aws.connections.played import Source
from embedded_aws.connections.pushes import Effects, Push

logger = logging.getLogger("codepipeline")
INTERVAL_SECONDS = 2.0
POLLED = frozenset({"CodeCommit", "S3"})


def install(engine: Engine) -> Poller:
    """Looks from now on, on a thread of its own."""
    poller = Poller(engine)
    threading.Thread(target=poller.run, name="codepipeline polling", daemon=True).start()
    return poller


class Poller:
    """Starts pipelines whose source has changed since they last took it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], str] = {}

    def run(self) -> None:
        """Looks for ever."""
        while True:
            time.sleep(INTERVAL_SECONDS)
            try:
                self.look()
            except Exception:  # the edge of the thread: the next look may see more
                logger.exception("polling")

    def __call__(self, source: Source, push: Push, effects: Effects) -> None:
        """Looks at once; see `pushes.Follower`."""
        del source, push
        effects.started.extend(self.look())

    def look(self) -> list[tuple[str, str]]:
        """The (pipeline, execution id) of those that it started."""
        with self._lock:
            return [
                (pipeline.name, execution.id)
                for pipeline in self._engine.state
                for action in pipeline.structure.sources()
                if polls(action) and (execution := self._compare(pipeline, action))
            ]

    def _compare(self, pipeline: Pipeline, action: Action) -> Execution | None:
        newest, known = _newest(pipeline, action), self._known(pipeline, action)
        if newest is None or known is None or newest in known:
            return None
        self._seen[pipeline.arn, action.name] = newest
        return self._engine.start(
            pipeline, ("PollForSourceChanges", action.name), revisions={action.name: (newest, None)}
        )

    def _known(self, pipeline: Pipeline, action: Action) -> set[str] | None:
        """The revision that was taken last and the one seen last; None while one is being taken."""
        with self._engine.state.changed:
            stage = pipeline.structure.stages[0].name
            if any(_is_taking(e, e.latest_run(stage, action.name)) for e in pipeline.executions):
                return None
            taken = [
                r for e in pipeline.executions for r in e.revisions() if r.action == action.name
            ]
        seen = self._seen.get((pipeline.arn, action.name), "")
        return {seen, taken[-1].id if taken else ""}


def _is_taking(execution: Execution, run: ActionRun | None) -> bool:
    return not execution.ended if run is None else run.status == "InProgress"


def polls(action: Action) -> bool:
    """Whether the source action looks for changes itself."""
    wanted = action.configuration.get("PollForSourceChanges", "true").lower() == "true"
    return action.provider in POLLED and wanted


def _newest(pipeline: Pipeline, action: Action) -> str | None:
    """The source's newest revision; None when there is none."""
    given = action.configuration
    if action.provider == "CodeCommit":
        return _newest_commit(pipeline, given["RepositoryName"], given["BranchName"])
    with closing(registry.client("s3", account=pipeline.account, at=pipeline.region)) as s3:
        try:
            found = s3.head_object(Bucket=given["S3Bucket"], Key=given["S3ObjectKey"])
        except ClientError:
            return None
    version: str | None = found.get("VersionId")
    return version


def _newest_commit(pipeline: Pipeline, name: str, branch: str) -> str | None:
    try:
        source = played.codecommit(registry.running().root)
        place = pipeline.account, pipeline.region
        if (source.account, source.region, source.repository) != (*place, name):
            return None
        return repository.commit(f"refs/heads/{branch}").id
    except (played.NotPlayedError, repository.RepositoryError):
        return None
