"""A build's test reports, published through the API with the service role's permissions.

The operations that a build uses (CreateReport, BatchPutTestCases, UpdateReport) are documented only
as permissions (user guide, test-permissions), so no SDK has them. A role that lacks one
of them is told so in the log, as on AWS, and the report is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from embedded_aws import registry
from embedded_aws.calls import RefusedError
from embedded_aws.codebuild.artifacts import matching
from embedded_aws.codebuild.buildspec import ReportSection
from embedded_aws.codebuild.credentials import RoleCredentials
from embedded_aws.codebuild.environment import Folders
from embedded_aws.codebuild.plan import Plan
from embedded_aws.codebuild.record import BuildError
from embedded_aws.codebuild.report_files import summary, test_cases

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
    target = f"CodeBuild_20161006.{action}"
    try:
        return registry.call("codebuild", target, body, role.current())
    except RefusedError as error:
        raise BuildError(error.code, f"{action}: {error.message}") from error
