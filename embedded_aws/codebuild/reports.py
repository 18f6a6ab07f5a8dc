"""A build's test reports, published through the API with the service role's permissions.

The operations that a build uses (CreateReport, BatchPutTestCases, UpdateReport) are documented only
as permissions (user guide, test-permissions), so no SDK has them; the requests are signed here. A
role that lacks one of them is told so in the log, as on AWS, and the report is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from .. import registry
from .artifacts import matching
from .buildspec import ReportSection
from .credentials import RoleCredentials
from .environment import Folders
from .errors import BuildError
from .junit import summary, test_cases
from .plan import Plan

_BATCH = 100


def publish(
    section: ReportSection, plan: Plan, build_arn: str, folders: Folders, role: RoleCredentials
) -> str:
    """Publishes one `reports` entry; the report's ARN. Raises `BuildError` when it cannot."""
    files = matching(folders.source, section.files)
    if not files:
        raise BuildError("REPORT_ERROR", f"no report files match {', '.join(section.files.files)}")
    cases = [case for name, path in files.items() for case in test_cases(path, name)]
    group = _group(section.group, plan, role)
    report = _call(role, "CreateReport", {"reportGroupArn": group, "executionId": build_arn})
    arn = str(report["report"]["arn"])
    for batch in _batches(cases):
        _call(role, "BatchPutTestCases", {"reportArn": arn, "testCases": batch})
    ended = {"arn": arn, "status": _status(cases), "testSummary": summary(cases)}
    _call(role, "UpdateReport", {"report": ended})
    return arn


def _status(cases: list[dict[str, Any]]) -> str:
    return "FAILED" if any(c["status"] in ("FAILED", "ERROR") for c in cases) else "SUCCEEDED"


def _group(name: str, plan: Plan, role: RoleCredentials) -> str:
    """The group's ARN. A name stands for `<project>-<name>`, created on first use
    (user guide, test-report-group-naming)."""
    if name.startswith("arn:"):
        return name
    full = f"{plan.project}-{name}"
    body = {"name": full, "type": "TEST", "exportConfig": {"exportConfigType": "NO_EXPORT"}}
    try:
        return str(_call(role, "CreateReportGroup", body)["reportGroup"]["arn"])
    except BuildError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise
        return f"arn:aws:codebuild:{plan.region}:{plan.account}:report-group/{full}"


def _batches(cases: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(cases), _BATCH):
        yield cases[start : start + _BATCH]


def _call(role: RoleCredentials, action: str, body: dict[str, Any]) -> dict[str, Any]:
    running = registry.running()
    keys = role.current()
    request = AWSRequest(
        "POST",
        f"{running.endpoint}/",
        data=json.dumps(body),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"CodeBuild_20161006.{action}",
        },
    )
    signer = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    SigV4Auth(signer, "codebuild", registry.region()).add_auth(request)
    answer = URLLib3Session(verify=str(running.ca)).send(request.prepare())
    document: dict[str, Any] = json.loads(answer.content or b"{}")
    if answer.status_code != HTTPStatus.OK:
        code = str(document.get("__type", "UnknownError")).rpartition("#")[2]
        raise BuildError(code, f"{action}: {document.get('message') or document.get('Message')}")
    return document
