"""Which pipelines a push to a connection's repository starts.

Source: CodePipeline user guide "action-reference-CodestarConnectionSource" (`DetectChanges`) and
"pipelines-triggers" (a trigger takes the place of the action's own detection).
"""

from __future__ import annotations

from embedded_aws.codepipeline.engine import Engine
from embedded_aws.codepipeline.model import Action
from embedded_aws.codepipeline.state import Pipeline
from embedded_aws.codepipeline.triggers import Verdict, judge
from embedded_aws.connections.played import Connection, Source
from embedded_aws.connections.pushes import Effects, Push


class Starter:
    """Starts the pipelines of an engine; see `pushes.Follower`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, source: Source, push: Push, effects: Effects) -> None:
        """Judges every source action of every pipeline that has the connection's repository."""
        if not isinstance(source, Connection):
            return
        for pipeline in self._engine.state:
            for action in pipeline.structure.sources():
                wanted = action.configuration
                if (wanted.get("ConnectionArn"), wanted.get("FullRepositoryId")) != (
                    source.arn,
                    source.repository,
                ):
                    continue
                verdict = _verdict(pipeline, action, push)
                if not verdict.starts:
                    effects.ignored.append((pipeline.name, verdict.reason))
                    continue
                execution = self._engine.start(
                    pipeline,
                    ("WebhookV2", source.arn),
                    revisions={action.name: (push.commit, push.branch)},
                )
                effects.started.append((pipeline.name, execution.id))


def _verdict(pipeline: Pipeline, action: Action, push: Push) -> Verdict:
    triggers = [t for t in pipeline.structure.triggers if t.source_action == action.name]
    if triggers:
        verdicts = [judge(trigger, push) for trigger in triggers]
        return next((v for v in verdicts if v.starts), verdicts[0])
    if action.configuration.get("DetectChanges", "true").lower() == "false":
        return Verdict(False, "its source does not detect changes")
    wanted = action.configuration["BranchName"]
    return Verdict(push.branch == wanted, f"it follows branch {wanted}")
