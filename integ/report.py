"""A pytest plugin that keeps a page of the run up to date while it goes on.

The page is there from the start, before anything is collected, and says that the run has not
finished until it has: whatever stops a run, what it leaves behind is not a pass.
"""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from integ.client import ApiClient
from integ.page import render
from integ.redaction import Redactor
from integ.results import Check, Outcome, Run
from integ.settings import Settings, SettingsError
from pages.files import replace

REPORTER = pytest.StashKey["Reporter"]()
CLIENTS = pytest.StashKey[list[ApiClient]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--smoke-page", type=Path, default=Path("reports/smoke.html"), help="where the page goes"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Runs before any conftest is imported, so a broken one is reported too."""
    redact = Redactor()
    redact.learn(*(os.environ.get(name) for name in _SECRET_VARIABLES))
    reporter = Reporter(_read_settings(), redact, early_config.known_args_namespace.smoke_page)
    early_config.stash[REPORTER] = reporter
    early_config.pluginmanager.register(reporter, "smoke-report")
    reporter.write()


_SECRET_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def _read_settings() -> Run:
    environment = os.environ.get("TAP_ENVIRONMENT", "")
    try:
        return Run(Settings.parse(os.environ), environment)
    except SettingsError as error:
        return Run(None, environment, settings_problem=str(error))


class Reporter:
    """Gathers what pytest says into a Run, and writes its page."""

    def __init__(self, run: Run, redact: Redactor, path: Path) -> None:
        self.run = run
        self.redact = redact
        self._path = path
        self._started = time.monotonic()

    def follow(self, item: pytest.Item, client: ApiClient) -> None:
        """The client's calls are this check's."""
        item.stash.setdefault(CLIENTS, []).append(client)

    def write(self) -> None:
        """Replaces the page by what is known by now."""
        self.run.seconds = time.monotonic() - self._started
        replace(self._path, self.redact(render(self.run)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Replaces failures by redacted text before JUnit, the terminal or the page see them."""
        report = yield
        if report.failed:
            report.longrepr = self.redact(report.longreprtext)
        if report.when == "call" or not report.passed:
            self._add(item, report, call.duration)
        return report

    def _add(self, item: pytest.Item, report: pytest.TestReport, seconds: float) -> None:
        clients = item.stash.get(CLIENTS, [])
        outcome: Outcome = "not run" if report.when == "setup" or report.skipped else "failed"
        check = Check(
            name=item.name,
            sentence=_sentence(item),
            outcome="passed" if report.passed else outcome,
            seconds=seconds,
            answers=tuple(answer for client in clients for answer in client.answers),
            failure="" if report.passed else report.longreprtext,
        )
        # A check whose clean-up failed has been heard of already.
        self.run.checks = [known for known in self.run.checks if known.name != check.name]
        self.run.checks.append(check)
        self.write()

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, pytest.CollectReport]:
        report: pytest.CollectReport = yield
        if report.failed:
            report.longrepr = self.redact(report.longreprtext)
            self.run.problems.append(report.longreprtext)
        return report

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.run.left_out += len(items)

    def pytest_internalerror(self, excrepr: object) -> None:
        self.run.problems.append(self.redact(f"The suite itself failed.\n{excrepr}"))

    def pytest_keyboard_interrupt(self) -> None:
        self.run.problems.append("The run was interrupted.")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """The exit code and the page give the same verdict: a skipped check fails both."""
        self.run.finished = True
        if session.exitstatus == pytest.ExitCode.OK and not self.run.passed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self.write()


def _sentence(item: pytest.Item) -> str:
    function = getattr(item, "function", None)
    sentence = (inspect.getdoc(function) or item.name).splitlines()[0]
    case = getattr(item, "callspec", None)
    return f"{sentence.rstrip('.')}: {case.id}." if case else sentence
