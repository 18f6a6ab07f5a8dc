"""Whether what is here is what would be delivered, and was reviewed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from accounts.preflight.account import Account
from accounts.preflight.finding import Finding, fine, note, wrong
from accounts.preflight.registry import check
from settings import S3Source

# What synthesis reads: where one of these is newer than cdk.out, that says nothing.
_INPUTS: Final = ("cdk.json", "pipeline_app.py", "pipeline", "settings", "stages", "services")
_GENERATED: Final = ("aws_models", "__pycache__", "amazon_roots.pem")


@check("reviewed files")
def reviewed_files_say_what_is_synthesized(account: Account) -> Iterator[Finding]:
    """By the gates, which the pipeline's own build runs too."""
    manifest = account.checkout / "cdk.out" / "manifest.json"
    if not manifest.exists():
        yield wrong("nothing is synthesized, so nothing can be judged", "scripts/synth")
        return
    newer = _newer_than(manifest.stat().st_mtime, account.checkout)
    if newer:
        yield wrong(f"cdk.out is older than {newer}", "scripts/synth")
        return
    judged = subprocess.run(
        [sys.executable, "-m", "gates"],
        cwd=account.checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if judged.returncode == 0:
        yield fine("the gates find nothing")
    else:
        said = (judged.stdout + judged.stderr).strip().splitlines()
        last = said[-1] if said else f"exit code {judged.returncode}"
        yield wrong(f"the gates object: {last}", "scripts/gates says to what; then make accept")


@check("commit")
def commit_is_pushed(account: Account) -> Iterator[Finding]:
    """The pipeline delivers a branch of the repository, not this folder."""
    source = account.settings.source
    if isinstance(source, S3Source):
        yield note("the source is an archive in S3: upload the one that you mean")
        return
    try:
        changed = _git(account.checkout, "status", "--porcelain")
        branch = _git(account.checkout, "branch", "--show-current")
    except (OSError, subprocess.CalledProcessError):
        yield note("this folder is no git repository: nobody can tell what would be delivered")
        return
    if changed:
        count = len(changed.splitlines())
        yield wrong(f"{count} changed files are in no commit", "commit and push them, or undo them")
    elif branch != source.branch:
        yield wrong(
            f"{branch or 'no branch'} is checked out, and the pipeline delivers {source.branch}",
            "switch",
        )
    else:
        yield from _pushed(account.checkout, branch)


def _pushed(checkout: Path, branch: str) -> Iterator[Finding]:
    try:
        ahead = _git(checkout, "rev-list", "--count", f"{branch}@{{upstream}}..HEAD")
    except subprocess.CalledProcessError:
        yield wrong(f"{branch} follows no branch of a remote", f"git push -u origin {branch}")
        return
    if ahead != "0":
        yield wrong(f"{ahead} commits are not pushed", "git push")
    else:
        yield fine(f"{branch} is pushed, as far as this clone knows")


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _newer_than(time: float, checkout: Path) -> str:
    """The first input that was changed since; empty where none was."""
    for name in _INPUTS:
        top = checkout / name
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            made = any(part in _GENERATED for part in path.parts)
            if path.is_file() and not made and path.stat().st_mtime > time:
                return str(path.relative_to(checkout))
    return ""
