"""docs/files-service.md names every reason for which a file is rejected, every problem, and how
large a file may be. What is wrong with files of both kinds has one name.

Proved of the words that stand in the code; that they are explained well is for readers to judge.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from services.common.packaging.aws_models import REPOSITORY
from services.files.openapi import document
from services.files.options import DEFAULTS, MIB
from services.files.runtime.catalogue.models import NO_OUTCOME
from services.files.runtime.images import Reason
from services.files.runtime.processing.budget import RESULTS_TOO_LARGE
from services.files.runtime.processing.objects import DELETED
from services.files.runtime.processing.processor import TOO_MANY_BYTES

PAGE = (REPOSITORY / "docs" / "files-service.md").read_text()
RUNTIME = REPOSITORY / "services" / "files" / "runtime"


def written_out(path: Path) -> Iterator[str]:
    """The reasons that are given as texts where an error is made."""
    for node in ast.walk(ast.parse(path.read_text())):
        made = isinstance(node, ast.Call) and ast.unparse(node.func) == "RejectedError"
        if made and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def test_every_reason_is_on_the_page() -> None:
    reasons = {reason for path in RUNTIME.rglob("*.py") for reason in written_out(path)}
    assert len(reasons) > 10
    reasons |= {*Reason, NO_OUTCOME, RESULTS_TOO_LARGE, DELETED, TOO_MANY_BYTES}
    assert {each for each in reasons if f"`{each}`" not in PAGE} == set()


def test_what_both_kinds_are_rejected_for_has_one_name() -> None:
    tables = {reason for path in (RUNTIME / "tables").rglob("*.py") for reason in written_out(path)}
    assert TOO_MANY_BYTES == Reason.TOO_MANY_BYTES
    assert {Reason.TOO_MANY_BYTES, Reason.EMPTY} <= tables
    assert {each for each in tables if "file" in each} == set()


def test_the_largest_size_of_both_kinds_is_on_the_page() -> None:
    assert DEFAULTS.max_image_bytes == DEFAULTS.max_table_bytes
    assert f"at most {DEFAULTS.max_image_bytes // MIB} MiB for a picture or a table" in PAGE


def test_every_problem_is_on_the_page() -> None:
    schemas = document()["components"]["schemas"]
    types = {
        each["properties"]["type"]["const"]
        for name, each in schemas.items()
        if name.endswith("Problem") and "const" in each["properties"]["type"]
    }
    assert len(types) > 10
    assert {each for each in types if f"`{each}`" not in PAGE} == set()
