"""The report as a person and a program get it.

Proves with real change sets and a real repository what stands on the page and in its twin, worst
first, that hostile text stays text, and that nothing to deploy is called that.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.verdicts import Level, Verdict
from promotion import commits, page, release, report, twin
from promotion.commits import UnknownHistoryError
from promotion.preview import Previewer, Target
from promotion.release import Release
from promotion.report import History, Report, Running
from tests.pages.test_pages import Document
from tests.promotion.conftest import Prod, assembled, template
from tests.promotion.test_previews import queue, table

HOSTILE = "<img src=x onerror=alert(1)>\x1f\n\n</pre><script>alert('x')</script>"
WAITS = Release("a" * 40, "0123456789abcdef" * 4)


class Repository:
    """One of git's, with commits by anybody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        author = ("-c", "user.name=Eve 'E' & Co", "-c", "user.email=e@example.com")
        command = ["git", "-C", str(self.folder), *author, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        for name, content in files.items():
            path = self.folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def reported(prod: Prod, name: str, body: dict[str, Any], found: History | None = None) -> Report:
    """A report of one stack."""
    api = prod.client("cloudformation")
    assembly = assembled(name, body)
    wanted = [Target(name, assembly.stack(name))]
    previews, verdicts = report.of_stacks(api, Previewer(api, assembly, prod.put), wanted, {name})
    found = found or History()
    return Report(
        environment="prod",
        release=WAITS,
        running=Running("b" * 40),
        previews=tuple(previews),
        verdicts=report.in_order([*verdicts, *report.of_history(found)]),
        history=found,
    )


def test_the_page_begins_with_what_is_worst(prod: Prod) -> None:
    prod.deploy("paged", template(Rows=table("paged"), Q=queue(VisibilityTimeout=1)))
    new = template(Rows=table("other"), Q=queue(VisibilityTimeout=2), New=queue())
    made = reported(prod, "paged", new, History(pipeline="+ a line"))
    shown = page.render(made)
    text = Document(shown).text
    assert f"Let {WAITS.name} into prod?" in text
    assert "1 to think about, 1 good to know. Resources: 1 replaced, 1 changed, 1 added." in text
    assert text.index("its rows will be lost") < text.index("who may do what, changed")
    assert text.index("replaced, because TableName") < text.index("VisibilityTimeout: 1 \u2192 2")
    assert WAITS.digest in text
    assert "+ a line" in text
    assert '<header class="fail">' in shown
    document = json.loads(twin.text(made))
    assert [each["level"] for each in document["verdicts"]] == ["red", "note"]
    assert document["release"]["name"] == WAITS.name
    assert {c["action"] for c in document["stacks"][0]["changes"]} == {
        "added",
        "changed",
        "replaced",
    }
    assert document["running"] == {"commit": "b" * 40, "release": None}


def test_nothing_to_deploy_says_so(prod: Prod) -> None:
    prod.deploy("unchanged", template(Q=queue()))
    made = reported(prod, "unchanged", template(Q=queue()))
    assert made.nothing_to_deploy
    assert "Nothing to deploy: every stack already is as this release has it." in page.render(made)
    assert json.loads(twin.text(made))["nothing_to_deploy"] is True


def test_what_could_not_be_seen_is_not_nothing_to_deploy(prod: Prod) -> None:
    prod.deploy("blind", template(Q=queue()))
    made = reported(prod, "blind", template(Q=queue(), Bad={"Type": "AWS::Nobody::Knows"}))
    assert not made.nothing_to_deploy
    assert "Not seen" in page.render(made)
    assert made.verdicts[0].level is Level.RED


def test_commits_are_told_and_their_text_stays_text(repository: Repository) -> None:
    old = repository.commit("Old", gates__reviewed__delivery_txt="one\n")
    new = repository.commit(HOSTILE, gates__reviewed__delivery_txt="two\n")
    found = report.history(repository.folder, Running(old), Release(new, "0" * 64))
    (commit,) = found.commits
    assert (commit.id, commit.author) == (new, "Eve 'E' & Co")
    assert commit.subject.startswith("<img src=x")
    assert (found.taken_back, found.unknown) == ((), "")
    assert "-one\n+two" in found.pipeline
    made = Report("prod", WAITS, Running(old), (), (), found)
    shown = page.render(made)
    assert {"img", "script", "b"}.isdisjoint(tag for tag, _ in Document(shown).tags)
    assert "&lt;script&gt;" in shown
    assert json.loads(twin.text(made))["commits"][0]["message"] == commit.message


def test_a_release_without_what_runs_takes_it_back(repository: Repository) -> None:
    new = repository.commit("Base")
    old = repository.commit("Only in prod")
    found = report.history(repository.folder, Running(old), Release(new, "0" * 64))
    (verdict,) = report.of_history(found)
    assert verdict == Verdict(
        Level.RED,
        "commits",
        f"1 commit(s) that run now are not in this release: {old[:12]} Only in prod",
    )


@pytest.mark.parametrize("commit", ["f" * 40, "--output=/tmp/x", "main", "v3rs10n.of.an.object"])
def test_a_history_that_is_not_known_is_said(repository: Repository, commit: str) -> None:
    known = repository.commit("Known")
    with pytest.raises(UnknownHistoryError):
        commits.between(repository.folder, commit, known)
    found = report.history(repository.folder, Running(commit), Release(known, "0" * 64))
    (verdict,) = report.of_history(found)
    assert verdict.text.startswith("the commits are not known: ")


def test_a_release_is_its_commit_templates_and_assets(tmp_path: Path) -> None:
    (tmp_path / "asset.1").mkdir()
    (tmp_path / "asset.1" / "code.py").write_text("pass")
    (tmp_path / "s.template.json").write_text("{}")
    (tmp_path / "tree.json").write_text("one")
    first = release.of_assembly(tmp_path, "c" * 40)
    (tmp_path / "tree.json").write_text("another")
    assert release.of_assembly(tmp_path, "c" * 40) == first
    digests = {first.digest, release.of_assembly(tmp_path, "d" * 40).digest}
    (tmp_path / "asset.1" / "code.py").write_text("pass  ")
    digests.add(release.of_assembly(tmp_path, "c" * 40).digest)
    (tmp_path / "asset.1" / "code.py").rename(tmp_path / "asset.1" / "other.py")
    digests.add(release.of_assembly(tmp_path, "c" * 40).digest)
    assert len(digests) == 4
    assert first.name == replace(first).name
    assert first.name.count("-") == 1
