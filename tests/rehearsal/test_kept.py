"""Proves that what an earlier rehearsal kept is used only where it is whole and of this project.

That a rehearsal goes on from it is shown in `tests/delivery`.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal import CHECKOUT, kept
from rehearsal.own import OwnProject


@pytest.mark.parametrize("damage", ["", "{}", '{"commit": 1}', "\0"])
def test_what_is_kept_but_damaged_or_foreign_is_not_used(damage: str, tmp_path: Path) -> None:
    project = OwnProject.of_checkout(CHECKOUT)
    folder = tmp_path / "kept" / kept.DELIVERED
    assert kept.Kept.find(tmp_path, kept.DELIVERED, project) is None
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(damage)
    assert kept.Kept.find(tmp_path, kept.DELIVERED, project) == "it is damaged"
    fields = {"port": 1, "bootstrap": "", "accounts_since": "", "commit": "c", "passed": ""}
    made = {"made_with": kept.maker(replace(project, region="eu-west-1")), **fields}
    (folder / "manifest.json").write_text(json.dumps(made))
    assert "another emulator" in str(kept.Kept.find(tmp_path, kept.DELIVERED, project))
    made["made_with"] = kept.maker(project)
    (folder / "manifest.json").write_text(json.dumps(made))
    assert isinstance(kept.Kept.find(tmp_path, kept.DELIVERED, project), kept.Kept)


def test_accounts_are_bootstrapped_again_once_an_id_or_a_template_is_another(
    tmp_path: Path,
) -> None:
    project = OwnProject.of_checkout(CHECKOUT)
    kept_of = kept.bootstrap_digest(project)
    assert kept_of == kept.bootstrap_digest(replace(project, source=project.source))
    assert kept_of != kept.bootstrap_digest(
        replace(project, accounts={**project.accounts, "staging": "444444444444"})
    )
    copy = tmp_path / "checkout"
    shutil.copytree(CHECKOUT / "accounts", copy / "accounts")
    (copy / "scripts").mkdir()
    shutil.copy(CHECKOUT / "scripts" / "bootstrap", copy / "scripts")
    assert kept_of == kept.bootstrap_digest(replace(project, folder=copy))
    with (copy / "accounts" / "bootstrap" / "tools.template.yaml").open("a") as template:
        template.write("# another\n")
    assert kept_of != kept.bootstrap_digest(replace(project, folder=copy))
