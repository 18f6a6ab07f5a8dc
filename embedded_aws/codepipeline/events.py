"""A rule of EventBridge whose target is a pipeline starts it, as the target's role.

Source: EventBridge user guide, "eb-targets" (the role needs codepipeline:StartPipelineExecution);
CodePipeline user guide, "pipelines-trigger-source-repo-changes". MiniStack knows no such target.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from ministack.services import eventbridge

from embedded_aws import registry
from embedded_aws.connections.played import Source
from embedded_aws.connections.pushes import Effects, Push

_log = logging.getLogger("embedded_aws.events")
PATIENCE_SECONDS = 10
MOST_TARGETS = 100
_Started = Future[tuple[str, str] | None]


def install() -> Deliveries:
    """Delivers to pipelines from now on."""
    deliveries = Deliveries()
    original = eventbridge._invoke_target

    @functools.wraps(original)
    def deliver(target: dict[str, Any], event: Any, rule: dict[str, Any], *more: Any) -> Any:
        if str(target.get("Arn", "")).split(":")[2:3] == ["codepipeline"]:
            return deliveries.begin(target, str(rule["Arn"]))
        return original(target, event, rule, *more)

    eventbridge._invoke_target = deliver
    return deliveries


class Deliveries:
    """Starts pipelines on threads of its own: events come on the server's event loop too.

    As a follower of pushes it waits for what the push's events started: those that were sent by
    the same thread, which answers the push.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: dict[int, deque[_Started]] = {}

    def begin(self, target: dict[str, Any], rule: str) -> None:
        """Starts the target's pipeline, soon."""
        future: _Started = Future()
        with self._lock:
            mine = self._begun.setdefault(threading.get_ident(), deque(maxlen=MOST_TARGETS))
            mine.append(future)
        threading.Thread(
            target=lambda: future.set_result(_start(target, rule)), name=rule, daemon=True
        ).start()

    def __call__(self, source: Source, push: Push, effects: Effects) -> None:
        """Adds the pipelines that have started; see `pushes.Follower`."""
        del source, push
        with self._lock:
            begun = self._begun.pop(threading.get_ident(), ())
        started = [future.result(PATIENCE_SECONDS) for future in begun]
        effects.started.extend(each for each in started if each)


def _start(target: dict[str, Any], rule: str) -> tuple[str, str] | None:
    """(pipeline, execution id); None, and a line in the server's log, when it was refused."""
    arn, role = str(target["Arn"]), str(target.get("RoleArn"))
    name = arn.rpartition(":")[2]
    try:
        with closing(registry.client("sts", account=rule.split(":")[4])) as sts:
            keys = sts.assume_role(RoleArn=role, RoleSessionName="events")["Credentials"]
        with closing(registry.client("codepipeline", keys, at=arn.split(":")[3])) as pipelines:
            about = pipelines.meta.events
            about.register("before-sign.codepipeline.StartPipelineExecution", _signed_by(rule))
            return name, str(pipelines.start_pipeline_execution(name=name)["pipelineExecutionId"])
    except (BotoCoreError, ClientError) as error:
        _log.warning("%s could not start %s: %s", rule, arn, error)
        return None


def _signed_by(rule: str) -> Callable[..., None]:
    def add_header(request: AWSRequest, **_: object) -> None:
        request.headers[registry.INITIATOR_HEADER] = rule

    return add_header
