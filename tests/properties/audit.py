"""What is wrong in the stores once everything has come to rest, request by request."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from services.requests.runtime.models import (
    ACCEPTANCE_TAG,
    ACCEPTED_TAG,
    COMPLETION_NOT_RECORDED,
    UNDECIDED_TAG,
)
from tests.properties.callers import Intent
from tests.support.cloud.account import Cloud
from tests.support.cloud.workflow import Execution

_ENDED = ("completed", "failed")


@dataclass
class Findings:
    """lost: acknowledged, and yet not processed with the body that was sent.

    duplicates: processed more than once, or a key that stands for two requests. orphans: rows that
    never ended, rows without payload that nobody gave up, executions without a row, payloads that
    will not expire and have no row. wrong: answers that the situation did not call for, and rows
    that say failed of work that was done, so that somebody would send it again.
    failed: accepted requests that ended visibly as failed; not a violation.
    """

    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def violations(self) -> list[str]:
        return [*self.lost, *self.duplicates, *self.orphans, *self.wrong]


def audit(cloud: Cloud, wanted: list[Intent]) -> Findings:
    findings = Findings()
    for intent in wanted:
        _audit_intent(cloud, intent, findings)
        if intent.rival is not None:
            _audit_intent(cloud, intent.rival, findings)
            if intent.acknowledged and intent.rival.acknowledged:
                findings.wrong.append(f"{intent.key}: both bodies were accepted")
        _audit_answers(intent, findings)
    _audit_executions(cloud, findings)
    _audit_rows(cloud, findings)
    _audit_payloads(cloud, findings)
    return findings


def _audit_intent(cloud: Cloud, intent: Intent, findings: Findings) -> None:
    if len(intent.acknowledged) > 1:
        findings.duplicates.append(f"{intent.key}: {len(intent.acknowledged)} request ids")
    for request_id in intent.acknowledged:
        reason = _why_lost(cloud, request_id, intent.body)
        if reason:
            findings.lost.append(f"{request_id} of {intent.key}: {reason}")


def _why_lost(cloud: Cloud, request_id: str, body: bytes) -> str | None:
    item = cloud.table.items.get(request_id)
    if item is None:
        return "no row"
    stored = cloud.bucket.objects.get(item["s3_key"]["S"])
    failed = item["status"]["S"] == "failed"
    reasons = {
        "the row is about another body": item["body_sha256"]["S"]
        != hashlib.sha256(body).hexdigest(),
        "the payload is not what was sent": stored is None or stored.body != body,
        # A failure is visible, and says why; its payload may never have been adopted.
        "given up after it was acknowledged": failed and not _executions(cloud, request_id),
        "the payload will expire": not failed
        and stored is not None
        and stored.tags.get(ACCEPTANCE_TAG) != ACCEPTED_TAG,
        "never processed": not failed and not _worked(cloud, request_id),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _executions(cloud: Cloud, request_id: str) -> list[Execution]:
    return cloud.machine.executions_named(request_id)


def _worked(cloud: Cloud, request_id: str) -> int:
    return sum(execution.worked for execution in _executions(cloud, request_id))


def _audit_answers(intent: Intent, findings: Findings) -> None:
    for answer in intent.answers:
        if answer.status in (200, 502, 503):
            continue
        kind = (answer.problem or "").rpartition(":")[2]
        contested = intent.rival is not None and kind == "idempotency-key-reused"
        given_up = kind == "request-given-up" and not intent.acknowledged
        if answer.status != 409 or not (contested or given_up):
            findings.wrong.append(f"{intent.key or intent.number}: {answer.status} {kind}")


def _audit_executions(cloud: Cloud, findings: Findings) -> None:
    for name, executions in cloud.machine.by_name.items():
        if name not in cloud.table.items:
            findings.orphans.append(f"{name}: an execution without a row")
        worked = sum(execution.worked for execution in executions)
        if worked > 1 or (len(executions) > 1 and not cloud.machine.express):
            findings.duplicates.append(f"{name}: {len(executions)} executions, worked {worked}x")


def _audit_rows(cloud: Cloud, findings: Findings) -> None:
    for request_id, item in cloud.table.items.items():
        status = item["status"]["S"]
        if status not in _ENDED:
            findings.orphans.append(f"{request_id}: a row left {status}")
        elif "pending" in item or "pending_since" in item:
            findings.orphans.append(f"{request_id}: a row left in the sweeper's index")
        elif status == "failed":
            error = item.get("failure_error", {"S": "?"})["S"]
            findings.failed[error] += 1
            if error != COMPLETION_NOT_RECORDED and _worked(cloud, request_id):
                findings.wrong.append(f"{request_id}: failed with {error}, but the work was done")
        elif item["s3_key"]["S"] not in cloud.bucket.objects:
            findings.orphans.append(f"{request_id}: completed without a payload")


def _audit_payloads(cloud: Cloud, findings: Findings) -> None:
    rows = {item["s3_key"]["S"] for item in cloud.table.items.values()}
    for key, stored in cloud.bucket.objects.items():
        if key not in rows and stored.tags.get(ACCEPTANCE_TAG) != UNDECIDED_TAG:
            findings.orphans.append(f"{key}: a payload without a row that will not expire")
