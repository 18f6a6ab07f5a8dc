"""Every service's committed API description is the one that its code makes.

That a description is true is for each service's own test to prove.
"""

from __future__ import annotations

from pathlib import Path

from stages.openapi import FOLDER, descriptions, write
from stages.services import NAMES


def test_the_committed_descriptions_are_the_generated_ones() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert committed == descriptions(), "run `make accept`"


def test_every_service_has_one() -> None:
    assert descriptions().keys() == {f"{name}.json" for name in NAMES}


def test_the_description_of_a_service_that_is_gone_goes(tmp_path: Path) -> None:
    (tmp_path / "gone.json").write_text("{}")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == descriptions().keys()
