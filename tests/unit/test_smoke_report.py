"""The smoke report: one page a person can trust, whatever happened.

Proves what the page says after passing, failing, stopped and empty runs, that nothing from outside
can become markup or is loaded, and that it never holds credentials. Does not prove that it looks
good.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from integ.client import Answer
from integ.page import render
from integ.redaction import Redactor
from integ.results import Check, Outcome, Run
from integ.settings import Settings
from tests.support.fake_requests_api import FakeApi
from tests.support.fake_service import (
    BUILD_KEY,
    BUILD_SECRET,
    SMOKE_KEY,
    SMOKE_SECRET,
    SMOKE_TOKEN,
    serving,
)
from tests.support.smoke_runs import COMMIT, ROOT, Checkout

SETTINGS = Settings.parse(
    {
        "TAP_ENVIRONMENT": "dev",
        "TAP_REQUESTS_API_URL": "https://abc.example.com/v1/",
        "TAP_FILES_API_URL": "https://def.example.com/v1/",
        "TAP_SMOKE_ROLE_ARN": "arn:aws:iam::222222222222:role/tap-dev-smoke",
        "TAP_COMMIT": COMMIT,
        "AWS_REGION": "us-west-2",
    }
)
ANSWER = Answer("POST", "/", "role tap-dev-smoke", 200, 41.6, "application/json", "{}", "id-1")


def check(outcome: Outcome = "passed", failure: str = "", sentence: str = "It works.") -> Check:
    return Check("test_it", sentence, outcome, 0.1, (ANSWER,), failure)


def finished(*checks: Check) -> Run:
    return Run(SETTINGS, "dev", finished=True, checks=list(checks))


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as api:
        yield api


@pytest.fixture
def checkout(tmp_path: Path, api: FakeApi) -> Checkout:
    return Checkout(tmp_path / "checkout").against(api.url)


def test_the_page_says_where_what_when_and_how_fast() -> None:
    page = render(finished(check()))

    for fact in ("dev passed", "222222222222", COMMIT, "UTC", "It works.", "POST 200", "42 ms"):
        assert fact in page


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(finished(), id="zero checks"),
        pytest.param(finished(check(), check("failed", "no")), id="a failed check"),
        pytest.param(finished(check(), check("not run", "no")), id="a check that did not run"),
        pytest.param(Run(SETTINGS, "dev", checks=[check()]), id="an unfinished run"),
        pytest.param(
            Run(SETTINGS, "dev", finished=True, checks=[check()], problems=["collection"]),
            id="a problem outside of the checks",
        ),
    ],
)
def test_is_never_a_pass(run: Run) -> None:
    assert not run.passed
    assert "passed</h1>" not in render(run)


def test_everything_from_outside_is_escaped() -> None:
    hostile = "<script>alert('x')</script>\"&"
    labelled = f"Expected: {hostile}\nGot: {hostile}\n{hostile}\nLook next: {hostile}"
    texts = (hostile, labelled)
    page = render(finished(*(check("failed", text, hostile) for text in texts)))

    assert "<script" not in page
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&quot;&amp;" in page


class Outline(HTMLParser):
    """Collects the tags, and fails on ones that are not closed in order."""

    VOID = frozenset({"meta", "link", "img", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_accessible_and_loads_nothing() -> None:
    page = render(finished(check(), check("failed", "why")))
    outline = Outline()
    outline.feed(page)
    names = [name for name, _ in outline.tags]

    assert outline.open == []
    assert names.count("h1") == 1
    assert {"script", "link", "img", "iframe"}.isdisjoint(names)
    assert "@import" not in page
    assert "url(" not in page
    assert all(attrs.get("scope") for name, attrs in outline.tags if name == "th")
    targets = {attrs.get("id") for _, attrs in outline.tags}
    links = [attrs["href"] for name, attrs in outline.tags if name == "a"]
    assert links == ["#check-test-it"]
    assert links[0].removeprefix("#") in targets


def test_an_echoed_signature_is_in_no_report(checkout: Checkout, api: FakeApi) -> None:
    api.submit_fails_with = lambda headers: (500, "text/plain", repr(headers))

    run = checkout.run()

    assert "Got 500" in run.text
    for text in (run.page, run.junit, run.output):
        for secret in (BUILD_KEY, BUILD_SECRET, SMOKE_KEY, SMOKE_SECRET, SMOKE_TOKEN):
            assert secret not in text
        assert not re.search(r"Signature=[0-9a-f]", text)


def test_a_redactor_hides_what_it_was_not_told_of() -> None:
    token = "IQoJb3JpZ2luX2Vj" * 30
    canonical = f"x-amz-security-token:{token}\nASIAIOSFODNN7EXAMPLE Signature={'0f' * 32}"

    hidden = Redactor()(canonical)

    assert hidden == "x-amz-security-token:[hidden]\n[hidden] Signature=[hidden]"


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/key?X-Amz-Security-Token=IQoJ%2Fb3Jp%2B{}&X-Amz-Signature={}",
        'x-amz-security-token": "IQoJ/b3Jp+{}", "x-amz-signature": "{}"',
        r"{{\"x-amz-security-token\":\"IQoJ/b3Jp+{}\",\"x-amz-signature\":\"{}\"}}",
        "<Token>x-amz-security-token:IQoJ{}</Token><SignatureProvided>{}</SignatureProvided>",
        "{{'x-amz-credential': 'ASIAIOSFODNN7EXAMPLE/{}', 'x-amz-signature': '{}'}}",
    ],
    ids=["link", "form", "form in a text", "S3's refusal", "form as Python shows it"],
)
def test_a_redactor_hides_what_a_presigned_link_or_form_carries(text: str) -> None:
    secrets = ("short.token", "0f" * 32)

    hidden = Redactor()(text.format(*secrets))

    assert all(secret not in hidden for secret in ("IQoJ", "b3Jp", "ASIA", *secrets))
    assert hidden.count("[hidden]") == 2


def test_a_redactor_leaves_ids_and_arns_readable() -> None:
    text = "arn:aws:states:us-west-2:222222222222:execution:tap-dev-statemachine:" + "ab-" * 12

    assert Redactor()(text) == text


def test_choosing_no_check_is_a_failure(checkout: Checkout) -> None:
    run = checkout.run("-k", "no_such_check")

    assert run.exit_code == 5
    assert "No check ran, and that is never a pass" in run.text


def test_a_partial_run_says_what_it_left_out(checkout: Checkout) -> None:
    run = checkout.run("-k", "unsigned")

    assert run.exit_code == 0
    assert "11 checks left out by choice" in run.text


def test_a_skipped_check_fails_the_run(checkout: Checkout) -> None:
    suite = checkout.folder / "integ" / "test_extra.py"
    suite.write_text("import pytest\n\ndef test_later() -> None:\n    pytest.skip('later')\n")

    run = checkout.run("-k", "unsigned or later")

    assert run.exit_code == 1
    assert "dev failed" in run.text


def test_a_run_that_dies_leaves_a_page_that_says_so(checkout: Checkout) -> None:
    suite = checkout.folder / "integ" / "test_extra.py"
    suite.write_text("import os\n\ndef test_dies() -> None:\n    os._exit(9)\n")

    run = checkout.run("-k", "unsigned or dies")

    assert run.exit_code == 9
    assert "dev failed: the run has not finished" in run.text


@pytest.mark.parametrize("broken", ["test_requests_api.py", "conftest.py"])
def test_a_suite_that_cannot_be_read_leaves_a_page_that_says_failed(
    checkout: Checkout, broken: str
) -> None:
    (checkout.folder / "integ" / broken).write_text("raise RuntimeError('broken suite')\n")

    run = checkout.run()

    assert run.exit_code != 0
    assert "dev failed" in run.text


def test_a_page_of_an_earlier_run_does_not_survive(checkout: Checkout) -> None:
    page = checkout.folder / "reports" / "smoke.html"
    page.parent.mkdir()
    page.write_text("dev passed")
    (checkout.folder / "integ" / "report.py").write_text("raise RuntimeError('broken plugin')\n")

    run = checkout.run()

    assert run.exit_code != 0
    assert run.page == ""


def test_the_repositorys_and_the_shells_pytest_options_have_no_say(checkout: Checkout) -> None:
    options = '[tool.pytest.ini_options]\naddopts = "--no-such-option"\n'
    (checkout.folder / "pyproject.toml").write_text(options)

    run = checkout.run(variables={"PYTEST_ADDOPTS": "-k nothing"})

    assert run.exit_code == 0, run.output


def test_no_two_checks_have_the_same_name() -> None:
    """The page, JUnit and the fidelity table tell checks apart by it."""
    names = [
        name
        for path in (ROOT / "integ").glob("test_*_api.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE)
    ]

    assert len(names) > 15
    assert sorted(set(names)) == sorted(names)
