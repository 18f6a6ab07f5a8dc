"""What people are told, from events and a pipeline's history that were thought out.

Proves which events are news, what each message says first, that what others wrote cannot add a
link, a line or a mention, and that subjects are what SNS takes. That the events come, and that
messages reach a topic, tests/ops/test_notifications.py shows on the embedded AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from notifications import words
from notifications.news import Kind, Newsroom
from notifications.teller import message, tell
from notifications.words import SUBJECT_CHARACTERS, Failure, Notice, Release
from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution
from ops.records import TestCase as Case

COMMIT = "c0ffee00" * 5
ID = "11111111-2222-4333-8444-555555555555"
CONSOLE = "https://us-west-2.console.aws.amazon.com/codesuite/"
LINK = f"{CONSOLE}codepipeline/pipelines/tap/executions/{ID}/timeline?region=us-west-2"
VIEW = f"{CONSOLE}codepipeline/pipelines/tap/view?region=us-west-2"
HOSTILE = (
    "Fix it\x1b[2J <!channel> @here [approve](https://evil.example.com/x)\r\n\r\n"
    "Approve at http://evil.example.com www.evil.com"
)


class Told(Pipeline):
    """A pipeline whose history is given."""

    def __init__(
        self,
        execution: Execution,
        *runs: ActionRun,
        asked: tuple[ActionRun, ...] = (),
        cases: tuple[Case, ...] = (),
    ):
        self.name, self._execution, self._runs_, self._cases = "tap", execution, runs, cases
        self._asked = asked

    def execution(self, execution_id: str) -> Execution:
        assert execution_id == self._execution.id
        return self._execution

    def action_runs(self, execution_id: str) -> list[ActionRun]:
        return [replace(each, execution_id=execution_id) for each in self._runs_]

    def asked(self, execution_id: str) -> list[ActionRun]:
        return [replace(each, execution_id=execution_id) for each in self._asked]

    def test_cases(self, run: ActionRun) -> list[Case]:
        return [each for each in self._cases if run.is_build]


def execution(status: str, **more: Any) -> Execution:
    return replace(Execution(ID, status, COMMIT, message="Count requests\n\nMore."), **more)


def ran(label: str, status: str = "Succeeded", **more: Any) -> ActionRun:
    stage, action = label.split("/")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return replace(ActionRun(label, stage, action, status, moment, moment, "", "", ""), **more)


def event(kind: Kind, **detail: Any) -> dict[str, Any]:
    return {"detail-type": kind.value, "detail": {"execution-id": ID, **detail}}


def told(pipeline: Pipeline, given: Mapping[str, Any]) -> Notice | None:
    return newsroom(pipeline).of(given)


def newsroom(pipeline: Pipeline) -> Newsroom:
    """One whose buckets hold a record of ann's under every key."""
    ann = "arn:aws:sts::111111111111:assumed-role/Admin/ann"
    return Newsroom(
        pipeline,
        "us-west-2",
        "prod",
        lambda bucket, _: {"by": ann, "reason": f"because of {bucket}"},
    )


def lines(notice: Notice | None) -> list[str]:
    assert notice is not None
    return notice.text.splitlines()


WAITING = ran(
    "Promote/Approve",
    "InProgress",
    category="Approval",
    question=f"Deploy {COMMIT} to prod (333333333333)?",
)
ASKED = event(Kind.ACTION, stage="Promote", action="Approve", state="STARTED")
ENDED = event(Kind.PIPELINE)


def test_an_approval_names_the_release_the_question_and_where_to_answer() -> None:
    first, question, todo, link = lines(told(Told(execution("InProgress"), WAITING), ASKED))
    assert first == "APPROVAL NEEDED: c0ffee00 “Count requests” waits at Promote/Approve"
    assert question == WAITING.question
    assert "approve or reject" in todo
    assert link == VIEW


def test_an_approval_that_names_a_page_sends_people_there() -> None:
    page = "https://tap-promotion.example.com/report.html"
    shown = Told(execution("InProgress"), replace(WAITING, more=page))
    assert lines(told(shown, ASKED))[-1] == page
    unsafe = Told(execution("InProgress"), replace(WAITING, more="javascript:alert(1)"))
    assert lines(told(unsafe, ASKED))[-1] == VIEW


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Abandoned"])
def test_a_late_event_of_an_approval_that_was_answered_is_no_news(status: str) -> None:
    assert told(Told(execution("InProgress"), replace(WAITING, status=status)), ASKED) is None


def test_a_failure_names_the_action_the_failing_checks_and_its_build() -> None:
    url = f"{CONSOLE}codebuild/111111111111/projects/tap-smoke/build/x"
    failed = ran("Dev/Smoke", "Failed", external_id="tap-smoke:x", url=url, error="exit status 1")
    cases = (Case("test_it", passed=True, message=""), Case("test_that", passed=False, message=""))
    pipeline = Told(execution("Failed"), ran("Build/Synth"), failed, cases=cases)
    first, check, said, _, link = lines(told(pipeline, ENDED))
    assert first == "FAILED: c0ffee00 “Count requests” at Dev/Smoke"
    assert (check, said, link) == ("Failed check: test_that", "exit status 1", url)


def test_a_failed_condition_is_told_in_the_executions_own_words() -> None:
    pipeline = Told(execution("Failed", summary="Prod, condition ON_SUCCESS: alarm"))
    first, said, _, link = lines(told(pipeline, ENDED))
    assert first.endswith("at a condition of a stage")
    assert (said, link) == ("Prod, condition ON_SUCCESS: alarm", LINK)


def test_who_was_not_let_in_is_told_by_the_stage_and_the_build_that_says_why() -> None:
    url = f"{CONSOLE}codebuild/111111111111/projects/tap-enter/build/x"
    no = ran("Prod/ProdEntry", "Failed", external_id="tap-enter:x", url=url)
    kept_out = Told(execution("Failed"), ran("Dev/Smoke"), ran("Promote/Approve"), asked=(no,))
    first, effect, todo, link = lines(told(kept_out, ENDED))
    assert first == "NOT LET IN: c0ffee00 “Count requests” did not enter Prod"
    assert "Nothing was deployed there" in effect
    assert "lift the hold and retry" in todo
    assert link == url


def test_a_build_that_said_no_after_the_deployment_is_a_failure_of_that_stage() -> None:
    no = ran("Prod/ProdBake", "Failed", external_id="tap-bake:x", error="exit status 1")
    failed = Told(execution("Failed"), ran("Prod/Deploy"), asked=(no,))
    assert lines(told(failed, ENDED))[0] == "FAILED: c0ffee00 “Count requests” at Prod/ProdBake"


def test_what_nobody_approved_is_told_as_that_and_not_as_a_failure() -> None:
    no = ran("Promote/Approve", "Failed", category="Approval", error="Rejected by ann: not today")
    first, said, *_ = lines(told(Told(execution("Failed"), no), ENDED))
    assert first == "NOT APPROVED: c0ffee00 “Count requests” at Promote/Approve"
    assert said == "Rejected by ann: not today"


def test_a_delivery_and_a_rollback_say_what_runs_now() -> None:
    delivered = told(Told(execution("Succeeded"), ran("Prod/Deploy")), ENDED)
    assert lines(delivered)[0] == "DELIVERED: c0ffee00 “Count requests” serves prod"
    back = told(Told(execution("Succeeded", rollback=True), ran("Prod/Deploy")), ENDED)
    assert lines(back)[0] == "ROLLED BACK: Prod serves c0ffee00 “Count requests” again"
    stuck = Told(execution("Failed", rollback=True), ran("Prod/Deploy", "Failed", error="no"))
    assert lines(told(stuck, ENDED))[0].startswith("ROLLBACK FAILED: Prod/Deploy")


@pytest.mark.parametrize("status", ["InProgress", "Superseded", "Stopped", "Cancelled"])
def test_other_ends_are_no_news(status: str) -> None:
    assert told(Told(execution(status)), ENDED) is None


def test_what_people_hold_and_lift_is_told_from_its_record() -> None:
    def told_of(key: str) -> list[str]:
        where = {"bucket": {"name": "decisions"}, "object": {"key": key}}
        return lines(told(Told(execution("Succeeded")), event(Kind.RECORD, **where)))

    assert told_of("holds/Prod/2026.json")[:3] == [
        "HELD: nothing enters Prod until the hold is lifted",
        "By assumed-role/Admin/ann.",
        "because of decisions",
    ]
    assert told_of("lifts/Prod/2026.json")[0] == "HOLD LIFTED: releases enter Prod again"


def test_drift_is_told_from_the_event_alone() -> None:
    pipeline = Told(execution("Succeeded"))
    differences = [f"AWS::SQS::Queue Q{n} was changed by hand" for n in range(7)]
    drift = lines(told(pipeline, event(Kind.DRIFTED, environment="dev", differences=differences)))
    assert drift[0] == "DRIFT: 7 resources of dev changed by hand"
    assert drift[6] == "and 2 more"
    unseen = event(Kind.UNSEEN, environment="dev", reason="AccessDenied")
    assert lines(told(pipeline, unseen))[0].startswith("DRIFT UNKNOWN: dev")


HOSTILE_NOTICES = [
    words.approval_needed(Release(COMMIT, HOSTILE), "Promote/Approve", HOSTILE, LINK, ID),
    words.failed(Release(COMMIT, HOSTILE), Failure("Dev/Smoke", [HOSTILE], HOSTILE), LINK, ID),
    words.refused(Release(COMMIT, HOSTILE), "Promote/Approve", HOSTILE, LINK, ID),
    words.succeeded(Release(COMMIT, HOSTILE), "prod", LINK, ID),
    words.rolled_back(Release(COMMIT, HOSTILE), ["Prod"], LINK, ID),
    words.held(HOSTILE, HOSTILE, HOSTILE, LINK),
    words.drifted("dev", [HOSTILE], LINK),
    words.unseen("dev", HOSTILE, LINK),
]


@pytest.mark.parametrize("notice", HOSTILE_NOTICES, ids=lambda each: each.headline.split(":")[0])
def test_what_others_wrote_adds_no_link_no_line_and_no_mention(notice: Notice) -> None:
    assert notice.text.count("://") == 1
    assert notice.text.endswith(LINK)
    assert all(line.isprintable() for line in notice.text.splitlines())
    assert not re.search(r"\w\.(?:com|example)\b", notice.text.removesuffix(LINK))
    content = notice.chat["content"]
    ours = content["description"].removesuffix(LINK) + content["title"]
    assert not re.search(r"[<>@`\[\]]", ours)
    subject = notice.subject
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) <= SUBJECT_CHARACTERS


def test_a_release_without_a_known_commit_is_still_told() -> None:
    assert str(Release()) == "a release of an unknown commit"
    assert str(Release(COMMIT, "")) == "c0ffee00"


def test_a_long_text_is_cut_and_its_cut_is_seen() -> None:
    assert words.quoted("x" * 500, 80) == "x" * 79 + "…"


class Topic:
    """Takes what is published, as SNS's client does."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, **given: Any) -> None:
        self.published.append(given)


def test_each_protocol_gets_a_text_of_its_own_and_no_news_publishes_nothing() -> None:
    topic = Topic()
    news = newsroom(Told(execution("Succeeded")))
    tell(news, lambda _: topic, "arn:topic", ENDED)
    (published,) = topic.published
    assert (published["TopicArn"], published["MessageStructure"]) == ("arn:topic", "json")
    notice = news.of(ENDED)
    assert notice is not None
    texts = json.loads(message(notice))
    assert texts["default"] == notice.text
    assert json.loads(texts["https"]) == notice.chat
    quiet = newsroom(Told(execution("Superseded")))
    assert tell(quiet, lambda _: topic, "arn:topic", ENDED) == {"told": ""}
    assert len(topic.published) == 1
