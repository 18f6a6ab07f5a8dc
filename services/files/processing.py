"""One kind of files: the rule that hears of uploads, the function, and its dead-letter queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.function import PythonFunction
from services.common.infrastructure.queues import dead_letter_queue
from services.common.infrastructure.rollout import PROBED, Rollout
from services.files.runtime.catalogue.kinds import SUFFIXES, Kind

# Lambda's own number for asynchronous invocations, and the most there is.
RETRIES = 2
_RUNTIME = "services/files/runtime"
_SHARED = tuple(f"{_RUNTIME}/{package}" for package in ("catalogue", "processing", "rejection"))


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is particular to a kind. name: of its function. package: below `runtime/`.

    concurrency: how many run at once, or 0 for as many as the account has free.
    """

    kind: Kind
    name: str
    package: str
    memory_mib: int
    timeout: cdk.Duration
    max_bytes: int
    concurrency: int
    variables: Mapping[str, str]
    ephemeral_storage: cdk.Size | None = None


class Processor(Construct):
    """Processes the uploads of one kind. `dead_letters` has the events that it gave up, as they
    were; so it has those that EventBridge could not hand over.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: EnvironmentSettings,
        work: Work,
        uploads: s3.Bucket,
        stores: Mapping[str, str],
        rollout: Rollout,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(
            self, "DeadLetters", environment=environment, name=f"{work.name}-dead"
        )
        self._python = PythonFunction(
            self,
            "Worker",
            environment=environment,
            name=work.name,
            service="files",
            runtime=f"{_RUNTIME}/{work.package}",
            also=_SHARED,
            handler="handler.handler",
            memory_mib=work.memory_mib,
            timeout=work.timeout,
            variables={
                **stores,
                "MAX_FILE_BYTES": str(work.max_bytes),
                "MAX_ATTEMPTS": str(1 + RETRIES),
                **work.variables,
            },
            dead_letters=self.dead_letters,
            reserved_concurrency=work.concurrency or None,
            ephemeral_storage=work.ephemeral_storage,
        )
        live = rollout.release(self._python, PROBED, retries=RETRIES)
        self._start_on(work.kind, uploads, environment.named(work.name), live)

    @property
    def function(self) -> lambda_.Function:
        return self._python.function

    def permit(self, *permissions: tuple[str, str]) -> None:
        """As PythonFunction's."""
        self._python.permit(*permissions)

    def _start_on(self, kind: Kind, uploads: s3.Bucket, name: str, live: lambda_.Alias) -> None:
        events.Rule(
            self,
            "OnUpload",
            rule_name=name,
            description=f"Starts work on every new version of a file of kind {kind}",
            event_pattern=upload_pattern(kind, uploads.bucket_name),
            targets=[targets.LambdaFunction(live, dead_letter_queue=self.dead_letters)],
        )


def upload_pattern(kind: Kind, bucket: str) -> events.EventPattern:
    """Versions of objects of that bucket whose names end as files of the kind do, in any case.

    Sources: "EventBridge event message structure" (Amazon S3 User Guide) and "Comparison operators
    for use in event patterns" (Amazon EventBridge User Guide).
    """
    endings: list[Any] = [
        {"suffix": {"equals-ignore-case": suffix}} for suffix, of in SUFFIXES.items() if of is kind
    ]
    return events.EventPattern(
        source=["aws.s3"],
        detail_type=["Object Created"],
        detail={"bucket": {"name": [bucket]}, "object": {"key": endings}},
    )
