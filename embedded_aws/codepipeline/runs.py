"""What the views of actions and of rules have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from embedded_aws.codepipeline.executions import ActionRun, Artifact


def artifacts(found: Iterable[Artifact]) -> list[dict[str, Any]]:
    """`ArtifactDetailList`."""
    return [{"name": a.name, "s3location": {"bucket": a.bucket, "key": a.key}} for a in found]


def error(run: ActionRun) -> dict[str, str] | None:
    """`ErrorDetails` of a run that failed."""
    return {"code": run.error[0], "message": run.error[1][:5000]} if run.error else None
