"""What the gates take over is what they judge, and all that leaves.

Proves on our own assembly that the copy is whole, and on edited ones that links, paths to elsewhere
and missing files are refused; and that what a process left behind edits later is not in the copy.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.taking import TakingError, digest, take
from tests.support.synthesis import REPOSITORY, Assembly

NESTED = "assembly-TapPipelineStack-Dev"


@pytest.fixture
def made(assembly: Assembly, tmp_path: Path) -> Path:
    """A copy of the assembly, to be edited, with little in its archives."""
    archives = shutil.ignore_patterns("asset.*.zip")
    made = shutil.copytree(assembly.directory, tmp_path / "made", ignore=archives)
    for archive in assembly.directory.glob("asset.*.zip"):
        (made / archive.name).write_text("code")
    return made


def test_the_copy_is_whole(assembly: Assembly, tmp_path: Path) -> None:
    """The one file that the CDK writes and never names is a drawing of the pipeline."""
    said = take(assembly.directory, tmp_path / "judged")
    files = {each.relative_to(assembly.directory) for each in _files(assembly.directory)}
    taken = {each.relative_to(tmp_path / "judged") for each in _files(tmp_path / "judged")}
    assert {each.suffix for each in files - taken} <= {".dot"}
    assert taken <= files
    assert said == digest(tmp_path / "judged")


def test_what_is_edited_later_is_not_in_what_was_taken(made: Path, tmp_path: Path) -> None:
    said = take(made, tmp_path / "judged")
    (made / "manifest.json").write_text("{}")
    for asset in made.glob("asset.*"):
        (asset / "later.py" if asset.is_dir() else asset).write_text("x")
    assert digest(tmp_path / "judged") == said


def test_what_nobody_names_stays_behind(made: Path, tmp_path: Path) -> None:
    (made / "unseen.template.json").write_text("{}")
    take(made, tmp_path / "judged")
    assert not (tmp_path / "judged/unseen.template.json").exists()


def link_a_template(made: Path) -> None:
    template = made / "TapPipelineStack.template.json"
    template.rename(made / "elsewhere.json")
    template.symlink_to("elsewhere.json")


def link_within_an_asset(made: Path) -> None:
    asset = next(made.glob("asset.*/"))
    (asset / "secrets").symlink_to("/etc/passwd")


def link_an_asset(made: Path) -> None:
    asset = next(made.glob("asset.*"))
    asset.rename(made / "moved")
    asset.symlink_to("moved")


def link_a_nested_assembly(made: Path) -> None:
    (made / NESTED).rename(made / "moved")
    (made / NESTED).symlink_to("moved")


def path_of_an_asset(path: str) -> Callable[[Path], None]:
    def edit(made: Path) -> None:
        (file,) = (made / NESTED).glob("*.assets.json")
        content = json.loads(file.read_text())
        next(iter(content["files"].values()))["source"]["path"] = path
        file.write_text(json.dumps(content))

    return edit


def made_while_publishing(made: Path) -> None:
    (file,) = (made / NESTED).glob("*.assets.json")
    content = json.loads(file.read_text())
    next(iter(content["files"].values()))["source"] = {"executable": ["sh"]}
    file.write_text(json.dumps(content))


def artifact(**properties: str) -> Callable[[Path], None]:
    def edit(made: Path) -> None:
        content = json.loads((made / "manifest.json").read_text())
        content["artifacts"]["TapPipelineStack"]["properties"] |= properties
        (made / "manifest.json").write_text(json.dumps(content))

    return edit


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (link_a_template, "is a symbolic link"),
        (link_within_an_asset, "secrets is a symbolic link"),
        (link_an_asset, "is a symbolic link"),
        (link_a_nested_assembly, "is a symbolic link"),
        (path_of_an_asset("/etc"), "is outside of the assembly"),
        (path_of_an_asset("../../other"), "is outside of the assembly"),
        (path_of_an_asset("nowhere"), "is named, and no file"),
        (made_while_publishing, "an asset is no file"),
        (artifact(templateFile="../x.json"), "is outside of the assembly"),
        (lambda made: (made / "manifest.json").write_text("{"), "is no JSON"),
        (lambda made: (made / "manifest.json").unlink(), "is named, and no file"),
    ],
)
def test_what_could_lead_elsewhere_is_refused(
    made: Path, tmp_path: Path, edit: Callable[[Path], object], told: str
) -> None:
    edit(made)
    with pytest.raises(TakingError, match=told):
        take(made, tmp_path / "judged")


def test_the_command_says_what_it_took_and_why_it_did_not(made: Path, tmp_path: Path) -> None:
    # Through a link, as CodeBuild hands a second source on.
    (tmp_path / "synthesized").symlink_to(made)
    command = ["bash", str(REPOSITORY / "scripts/take"), str(tmp_path / "synthesized")]
    first, second = (
        subprocess.run(
            [*command, str(tmp_path / "judged")], capture_output=True, text=True, check=False
        )
        for _ in range(2)
    )
    assert first.returncode == 0, first.stderr
    assert digest(tmp_path / "judged") in first.stdout
    assert second.returncode == 1
    assert "is there already" in second.stderr


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
