"""A build's test reports, published through the API with the service role's permissions.

The operations that a build uses (CreateReport, BatchPutTestCases, UpdateReport) are documented only
as permissions (user guide, test-permissions), so no SDK has them. A role that lacks one
of them is told so in the log, as on AWS, and the report is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from embedded_aws import registry
from embedded_aws.calls import RefusedError
from embedded_aws.codebuild import coverage_files
from embedded_aws.codebuild.buildspec import ReportSection
from embedded_aws.codebuild.coverage_files import COVERAGES
from embedded_aws.codebuild.credentials import RoleCredentials
from embedded_aws.codebuild.plan import Plan
from embedded_aws.codebuild.record import BuildError
from embedded_aws.codebuild.report_files import summary as _summary
from embedded_aws.codebuild.report_files import test_cases

_BATCH = 100


def publish(
    section: ReportSection,
    files: Mapping[str, bytes],
    plan: Plan,
    build_arn: str,
    role: RoleCredentials,
) -> str:
    """Publishes one `reports` entry from its files' contents; the report's ARN.

    Raises `BuildError` when it cannot.
    """
    if not files:
        raise BuildError("REPORT_ERROR", f"no report files match {', '.join(section.files.files)}")
    covers = section.file_format in COVERAGES
    # Read before anything is created: a report of a file that cannot be read is none.
    cases = [] if covers else _cases(files, section.file_format)
    summary = coverage_files.summary(files, section.file_format) if covers else None
    group = _group(section.group, plan, role, "CODE_COVERAGE" if covers else "TEST")
    report = _call(role, "CreateReport", {"reportGroupArn": group, "executionId": build_arn})
    arn = str(report["report"]["arn"])
    for batch in _batches(cases):
        _call(role, "BatchPutTestCases", {"reportArn": arn, "testCases": batch})
    about = {"codeCoverageSummary": summary} if covers else {"testSummary": _summary(cases)}
    _call(role, "UpdateReport", {"report": {"arn": arn, "status": _status(cases), **about}})
    return arn


def _cases(files: Mapping[str, bytes], file_format: str) -> list[dict[str, Any]]:
    return [case for name, text in files.items() for case in test_cases(text, name, file_format)]


def _status(cases: list[dict[str, Any]]) -> str:
    return "FAILED" if any(c["status"] in ("FAILED", "ERROR") for c in cases) else "SUCCEEDED"


def _group(name: str, plan: Plan, role: RoleCredentials, kind: str) -> str:
    """The group's ARN. A name stands for `<project>-<name>`, created on first use
    (user guide, test-report-group-naming)."""
    if name.startswith("arn:"):
        return name
    full = f"{plan.project}-{name}"
    body = {"name": full, "type": kind, "exportConfig": {"exportConfigType": "NO_EXPORT"}}
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
