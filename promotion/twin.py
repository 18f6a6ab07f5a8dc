"""The report for programs: what the page says, as one JSON document."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from promotion.preview import StackPreview
from promotion.release import Release
from promotion.report import Report

VERSION = 1


def document(report: Report) -> dict[str, Any]:
    """Of plain values only."""
    running = report.running
    return {
        "version": VERSION,
        "environment": report.environment,
        "release": _release(report.release),
        "running": running
        and {
            "commit": running.commit,
            "release": _release(running.release) if running.release else None,
        },
        "execution": report.execution,
        "made": report.made,
        "nothing_to_deploy": report.nothing_to_deploy,
        "verdicts": [asdict(verdict) for verdict in report.verdicts],
        "stacks": [_stack(preview) for preview in report.previews],
        "tests": [
            {"action": tests.run.label, "cases": [asdict(case) for case in tests.cases]}
            for tests in report.tests
        ],
        **asdict(report.history),
        "reviewed": dict(report.reviewed),
    }


def text(report: Report) -> str:
    """The document as it is kept."""
    return json.dumps(document(report), indent=2) + "\n"


def _release(release: Release) -> dict[str, str]:
    return {"name": release.name, **asdict(release)}


def _stack(preview: StackPreview) -> dict[str, Any]:
    return {
        "stack": preview.label,
        "is_new": preview.is_new,
        "unseen": preview.unseen,
        "changes": [
            {"text": change.text, "follows": change.follows, **asdict(change)}
            for change in preview.changes
        ],
    }
