"""Report groups, reports and test cases: CodeBuild operations that the emulator lacks.

Shapes: CodeBuild API reference (ReportGroup, Report, TestCase). CreateReport, BatchPutTestCases and
UpdateReport are what builds call (user guide, test-permissions).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from embedded_aws.codebuild.record import BuildError
from embedded_aws.json_service import Operation

_groups: Any = AccountRegionScopedDict()
_reports: Any = AccountRegionScopedDict()
_cases: Any = AccountRegionScopedDict()


def reset() -> None:
    """Forgets everything, in every account."""
    for store in (_groups, _reports, _cases):
        store.clear()


def group_arn(name: str) -> str:
    """The ARN of a report group in the caller's account."""
    return f"arn:aws:codebuild:{get_region()}:{get_account_id()}:report-group/{name}"


def create_report_group(body: Mapping[str, Any]) -> dict[str, Any]:
    arn = group_arn(body["name"])
    if arn in _groups:
        raise BuildError("ResourceAlreadyExistsException", f"report group exists: {body['name']}")
    now = time.time()
    _groups[arn] = {
        "arn": arn,
        "name": body["name"],
        "type": body["type"],
        "exportConfig": body["exportConfig"],
        "created": now,
        "lastModified": now,
        "tags": list(body.get("tags", [])),
        "status": "ACTIVE",
    }
    return {"reportGroup": _groups[arn]}


def update_report_group(body: Mapping[str, Any]) -> dict[str, Any]:
    group = _existing(_groups, body["arn"], "report group")
    changed = {k: body[k] for k in ("exportConfig", "tags") if k in body}
    _groups[body["arn"]] = group | changed | {"lastModified": time.time()}
    return {"reportGroup": _groups[body["arn"]]}


def delete_report_group(body: Mapping[str, Any]) -> dict[str, Any]:
    reports = _reports_of(body["arn"])
    if reports and not body.get("deleteReports"):
        raise BuildError("InvalidInputException", "the report group has reports")
    for arn in reports:
        delete_report({"arn": arn})
    _groups.pop(body["arn"], None)
    return {}


def batch_get_report_groups(body: Mapping[str, Any]) -> dict[str, Any]:
    return _batch(_groups, body["reportGroupArns"], "reportGroups")


def list_report_groups(body: Mapping[str, Any]) -> dict[str, Any]:
    del body  # every group fits one page here
    return {"reportGroups": list(_groups)}


def create_report(body: Mapping[str, Any]) -> dict[str, Any]:
    group = _existing(_groups, body["reportGroupArn"], "report group")
    unique = uuid.uuid4()
    arn = f"{group['arn'].replace(':report-group/', ':report/')}:{unique}"
    _reports[arn] = {
        "arn": arn,
        "type": group["type"],
        "name": str(unique),
        "reportGroupArn": group["arn"],
        "executionId": body.get("executionId", ""),
        "status": "GENERATING",
        "created": time.time(),
        "exportConfig": group["exportConfig"],
        "truncated": False,
    }
    return {"report": _reports[arn]}


def batch_put_test_cases(body: Mapping[str, Any]) -> dict[str, Any]:
    arn = body["reportArn"]
    _existing(_reports, arn, "report")
    added = [{**case, "reportArn": arn} for case in body["testCases"]]
    _cases[arn] = [*_cases.get(arn, []), *added]
    return {}


def update_report(body: Mapping[str, Any]) -> dict[str, Any]:
    changed = body["report"]
    report = _existing(_reports, changed["arn"], "report")
    known = {k: changed[k] for k in ("status", "testSummary") if k in changed}
    _reports[changed["arn"]] = report | known
    return {"report": _reports[changed["arn"]]}


def delete_report(body: Mapping[str, Any]) -> dict[str, Any]:
    _reports.pop(body["arn"], None)
    _cases.pop(body["arn"], None)
    return {}


def batch_get_reports(body: Mapping[str, Any]) -> dict[str, Any]:
    return _batch(_reports, body["reportArns"], "reports")


def list_reports(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"reports": _page(list(_reports), body)}


def list_reports_for_report_group(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"reports": _page(_reports_of(body["reportGroupArn"]), body)}


def describe_test_cases(body: Mapping[str, Any]) -> dict[str, Any]:
    _existing(_reports, body["reportArn"], "report")
    wanted = body.get("filter", {})
    cases = [
        case
        for case in _cases.get(body["reportArn"], [])
        if wanted.get("status", case["status"]) == case["status"]
        and wanted.get("keyword", "") in case["name"]
    ]
    start = int(body.get("nextToken") or 0)
    end = start + int(body.get("maxResults") or 100)
    return {"testCases": cases[start:end]} | ({"nextToken": str(end)} if end < len(cases) else {})


def _page(arns: list[str], body: Mapping[str, Any]) -> list[str]:
    """Filtered by status, newest first unless `sortOrder` says otherwise (API: ListReports)."""
    status = body.get("filter", {}).get("status")
    chosen = [arn for arn in arns if status in (None, _reports[arn]["status"])]
    ascending = body.get("sortOrder") == "ASCENDING"
    return sorted(chosen, key=lambda arn: float(_reports[arn]["created"]), reverse=not ascending)


def _reports_of(group: str) -> list[str]:
    return [arn for arn, report in _reports.items() if report["reportGroupArn"] == group]


def _batch(store: Any, arns: list[str], name: str) -> dict[str, Any]:
    found = [store[arn] for arn in arns if arn in store]
    return {name: found, f"{name}NotFound": [arn for arn in arns if arn not in store]}


def _existing(store: Any, arn: str, what: str) -> dict[str, Any]:
    if arn not in store:
        raise BuildError("ResourceNotFoundException", f"{what} not found: {arn}")
    row: dict[str, Any] = store[arn]
    return row


OPERATIONS: Mapping[str, Operation] = {
    "CreateReportGroup": create_report_group,
    "UpdateReportGroup": update_report_group,
    "DeleteReportGroup": delete_report_group,
    "BatchGetReportGroups": batch_get_report_groups,
    "ListReportGroups": list_report_groups,
    "CreateReport": create_report,
    "BatchPutTestCases": batch_put_test_cases,
    "UpdateReport": update_report,
    "DeleteReport": delete_report,
    "BatchGetReports": batch_get_reports,
    "ListReports": list_reports,
    "ListReportsForReportGroup": list_reports_for_report_group,
    "DescribeTestCases": describe_test_cases,
}
