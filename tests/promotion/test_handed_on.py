"""What the pipeline's later actions and its history are told, without an emulator."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ops.records import Execution
from ops.verdicts import Level, Verdict
from promotion import pushes, report, variables
from promotion.changes import Action, Change
from promotion.commits import UnknownHistoryError
from promotion.preview import StackPreview
from promotion.release import Release
from promotion.report import History, Report, Running

A, B, C = "a" * 40, "b" * 40, "c" * 40
WAITS = Release(C, "0123456789abcdef" * 4)
# "Quotas in AWS CodePipeline", action configuration value.
LONGEST_VALUE = 1_000
HOSTILE = "#{Source.secret} <script> `rm -rf`"


def execution(commit: str, hour: int, *, rollback: bool = False) -> Execution:
    started = datetime(2026, 11, 26, hour, tzinfo=UTC)
    row = {"id": f"e-{hour}", "status": "Succeeded", "commit": commit, "started": started}
    return Execution(**row, message=f"message of {commit[0]}\n\nmore", rollback=rollback)


def reported(*verdicts: Verdict, changed: bool = True) -> Report:
    change = Change("prod", HOSTILE, "", "AWS::SQS::Queue", Action.CHANGED, "")
    changes = (change,) if changed else ()
    preview = StackPreview("prod", "prod", {"Resources": {}}, {}, changes)
    return Report("prod", WAITS, Running(B), (preview,), verdicts, History())


def test_a_build_hands_on_four_lines() -> None:
    lines = variables.lines(reported()).splitlines()
    assert lines[:3] == ["true", WAITS.digest, B]
    assert lines[3] == (
        f"{WAITS.name}: nothing speaks against it, 0 good to know. Resources: 1 changed."
    )


def test_red_is_said_by_what_it_is_about_and_by_nothing_that_anybody_wrote() -> None:
    reds = [Verdict(Level.RED, "data", HOSTILE), Verdict(Level.RED, "permissions", HOSTILE)]
    said = variables.said(reported(*reds, *reds, Verdict(Level.NOTE, "commits", HOSTILE)))
    assert said.startswith(f"{WAITS.name}: 4 RED (data, permissions), 1 good to know. ")
    assert HOSTILE not in said


def test_the_question_stays_short_enough_however_much_there_is_to_say() -> None:
    many = [Verdict(Level.RED, f"a question of its own, number {n}", HOSTILE) for n in range(99)]
    assert len(variables.said(reported(*many))) == variables.LONGEST < LONGEST_VALUE - 400


def test_nothing_to_deploy_is_handed_on_and_said() -> None:
    made = reported(changed=False)
    assert variables.lines(made).startswith("false\n")
    assert "Nothing to deploy." in variables.said(made)


def test_what_nobody_could_see_is_never_nothing() -> None:
    preview = StackPreview("prod", "prod", {"Resources": {}}, {}, unseen="AccessDenied")
    made = Report("prod", WAITS, None, (preview,), (), History())
    assert variables.lines(made).splitlines()[::2] == ["true", variables.NOTHING]


NEWEST_FIRST = [
    execution(C, 5),
    execution(A, 4, rollback=True),
    execution(B, 3),
    execution(B, 2),
    execution(A, 1),
]


def test_the_history_of_the_pipeline_tells_what_was_pushed_since() -> None:
    found = report.pushed(NEWEST_FIRST, Running(A), WAITS, (None, {}))
    assert [each.subject for each in found.commits] == ["message of c", "message of b"]
    assert found.commits[1].date == "2026-11-26T02:00:00+00:00"
    assert found.taken_back == ()
    assert "the newest commit of a push" in found.limits


def test_a_release_that_came_before_what_runs_takes_it_back() -> None:
    found = report.pushed(NEWEST_FIRST, Running(C), Release(A, WAITS.digest), (None, {}))
    assert [each.id for each in found.taken_back] == [C, B]
    (verdict,) = report.of_history(found)
    assert verdict.level is Level.RED
    assert "2 commit(s) that run now are not in this release" in verdict.text


def test_a_version_that_the_history_does_not_have_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownHistoryError):
        pushes.between(NEWEST_FIRST, "f" * 40, C)
    found = report.pushed(NEWEST_FIRST, Running("f" * 40), WAITS, (None, {}))
    assert "history does not have ffff" in found.unknown


def test_what_was_reviewed_is_compared_with_what_the_last_page_kept() -> None:
    before, after = {"delivery.txt": "one\ntwo\n"}, {"delivery.txt": "one\nthree\n"}
    found = report.pushed(NEWEST_FIRST, Running(A), WAITS, (before, after))
    assert "-two" in found.pipeline
    assert "+three" in found.pipeline
    assert report.pushed(NEWEST_FIRST, Running(A), WAITS, (after, after)).pipeline == ""
