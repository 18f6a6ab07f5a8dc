"""The connections service: what a git provider's webhook tells AWS, and what that starts.

`UseConnection` does nothing: at AWS it is a permission without an operation, here being allowed to
call it is the check. `NotifyPush` is ours: the hook of the bare remote plays the provider with it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from embedded_aws import registry
from embedded_aws.codepipeline.model import Action
from embedded_aws.codepipeline.service import ENGINE
from embedded_aws.codepipeline.state import Pipeline
from embedded_aws.codepipeline.triggers import Push, Verdict, judge
from embedded_aws.connections import calls, repository

logger = logging.getLogger("connections")


class Connections:
    """Keeps nothing: connections are named by the pipelines that use them."""

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> registry.Response:
        """Answers one request; reading the repository happens off the event loop."""
        del method, path, query_params
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            request = json.loads(body or b"{}")
            if operation == "UseConnection":
                return _answer(200, {})
            if operation == "NotifyPush":
                return _answer(200, await asyncio.to_thread(_pushed, request))
        except (ValueError, KeyError, repository.RepositoryError) as error:
            return _answer(400, {"__type": "ValidationException", "message": str(error)})
        message = f"The rehearsal's connections do not offer {operation}"
        return _answer(400, {"__type": "UnsupportedOperationException", "message": message})

    def reset(self) -> None:
        """Nothing to forget."""

    def get_state(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        """Nothing was kept."""


def install() -> None:
    """Registers the service under both of its names: connections' ARNs come in both."""
    for service in calls.SERVICES:
        registry.register_service(
            service,
            Connections(),
            target_prefixes=[calls.target(service)],
            iam_namespace=service,
            resource_arn=_resource,
        )


def _resource(action: str, body: Mapping[str, Any], account: str) -> str | None:
    del action, account
    arn = body.get("ConnectionArn")
    return str(arn) if arn else None


def _answer(status: int, body: Mapping[str, Any]) -> registry.Response:
    headers = {"Content-Type": "application/x-amz-json-1.0"}
    return status, headers, json.dumps(body).encode()


def _pushed(request: Mapping[str, str]) -> dict[str, Any]:
    """What one updated ref starts: `executions`, and for the others `ignored` with the reason."""
    push = _push(request["Ref"], request["Old"], request["New"])
    answer: dict[str, Any] = {"executions": [], "ignored": []}
    if push is None:
        return answer
    for pipeline in ENGINE.state:
        for action in pipeline.structure.sources():
            verdict = _verdict(pipeline, action, push)
            if not verdict.starts:
                answer["ignored"].append({"pipeline": pipeline.name, "reason": verdict.reason})
                continue
            execution = ENGINE.start(
                pipeline,
                ("WebhookV2", action.configuration["ConnectionArn"]),
                revisions={action.name: (request["New"], push.branch)},
            )
            answer["executions"].append(
                {"pipeline": pipeline.name, "pipelineExecutionId": execution.id}
            )
    return answer


def _push(ref: str, old: str, new: str) -> Push | None:
    """The push as triggers see it; None when a ref was deleted or is neither branch nor tag."""
    if new == repository.NOTHING:
        return None
    kind, _, name = ref.removeprefix("refs/").partition("/")
    if kind == "heads":
        return Push(branch=name, tag=None, files=repository.changed_files(old, new))
    return Push(branch=None, tag=name, files=()) if kind == "tags" else None


def _verdict(pipeline: Pipeline, action: Action, push: Push) -> Verdict:
    triggers = [t for t in pipeline.structure.triggers if t.source_action == action.name]
    if triggers:
        verdicts = [judge(trigger, push) for trigger in triggers]
        return next((v for v in verdicts if v.starts), verdicts[0])
    if action.configuration.get("DetectChanges", "true").lower() == "false":
        return Verdict(False, "its source does not detect changes")
    wanted = action.configuration["BranchName"]
    return Verdict(push.branch == wanted, f"it follows branch {wanted}")
