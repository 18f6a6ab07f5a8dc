"""Proves what is pushed of an app's folder, and what is asked of it; nothing is written there."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rehearsal.__main__ import main
from rehearsal.errors import UnusableAppError
from rehearsal.stock.app import App
from rehearsal.stock.place import place_for_copy, root_of
from rehearsal.stock.working_tree import WorkingTree
from tests.stock.apps import commit


def app_in(folder: Path, command: str = "python3 app.py") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cdk.json").write_text(f'{{"app": "{command}"}}')
    (folder / "app.py").write_text("print()\n")
    return folder


def pushed(tree: WorkingTree, tmp_path: Path) -> set[str]:
    """The files of the commit, by a copy of it."""
    tree.copy(tree.snapshot(tmp_path / "scratch"), tmp_path / "copy")
    copied = (tmp_path / "copy").rglob("*")
    return {str(path.relative_to(tmp_path / "copy")) for path in copied if path.is_file()}


def test_a_folder_in_no_repository_is_pushed_as_one_without_what_is_installed(
    tmp_path: Path,
) -> None:
    folder = app_in(tmp_path / "app")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "module.js").touch()
    tree = WorkingTree.of(folder)
    assert pushed(tree, tmp_path) == {"cdk.json", "app.py"}
    assert "in no git repository" in tree.notices(tree.snapshot(tmp_path / "scratch"))[0]
    assert not (folder / ".git").exists()


def test_of_a_folder_in_a_repository_all_of_that_is_pushed(tmp_path: Path) -> None:
    folder = app_in(tmp_path / "top" / "infra")
    (tmp_path / "top" / "src.py").touch()
    commit(tmp_path / "top")
    (folder / "uncommitted.py").touch()
    tree = WorkingTree.of(folder)
    expected = {"src.py", "infra/cdk.json", "infra/app.py", "infra/uncommitted.py"}
    assert pushed(tree, tmp_path) == expected
    assert str(tree.within) == "infra"
    assert (
        "all of that is the pipeline's source"
        in tree.notices(tree.snapshot(tmp_path / "scratch"))[0]
    )


def test_what_git_ignores_is_there_for_the_synthesis_and_is_not_pushed(tmp_path: Path) -> None:
    folder = app_in(tmp_path / "app")
    (folder / ".gitignore").write_text("node_modules\n.venv\ndist/\n*.log\ncdk.out\n")
    for name in ("node_modules", "dist", "cdk.out", "packages/one/node_modules"):
        (folder / name).mkdir(parents=True)
        (folder / name / "made.js").touch()
    (folder / "packages" / "one" / "index.js").touch()
    (folder / "build.log").touch()
    commit(folder)
    tree, copy = WorkingTree.of(folder), tmp_path / "copy"
    shot = tree.snapshot(tmp_path / "scratch")
    tree.copy(shot, copy)
    assert not (copy / "dist").exists()
    tree.add_ignored(copy)
    assert (copy / "dist" / "made.js").is_file()
    assert not (copy / "dist").is_symlink()
    for name in ("node_modules", "packages/one/node_modules"):
        assert (copy / name).readlink() == folder / name
    assert not (copy / "cdk.out").exists()


def test_of_what_git_ignores_sockets_and_pipes_are_left(tmp_path: Path) -> None:
    folder = app_in(tmp_path / "app")
    (folder / ".gitignore").write_text("pipe\nrun/\n")
    (folder / "run").mkdir()
    (folder / "run" / "id").touch()
    for pipe in ("pipe", "run/pipe"):
        os.mkfifo(folder / pipe)
    commit(folder)
    tree, copy = WorkingTree.of(folder), tmp_path / "copy"
    tree.copy(tree.snapshot(tmp_path / "scratch"), copy)
    tree.add_ignored(copy)
    assert [path.name for path in (copy / "run").iterdir()] == ["id"]
    assert not (copy / "pipe").exists()


def test_what_cannot_be_copied_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    folder = app_in(tmp_path / "app")
    (folder / ".gitignore").write_text("secret\n")
    (folder / "secret").touch()
    commit(folder)
    monkeypatch.setattr(shutil, "copy2", refuse)
    with pytest.raises(UnusableAppError, match="secret, which git ignores, cannot be copied: "):
        WorkingTree.of(folder).add_ignored(tmp_path)


def test_the_copy_finds_nothing_above_itself(tmp_path: Path) -> None:
    (tmp_path / "package.json").touch()
    root = tmp_path / "root"
    root.mkdir()
    place = place_for_copy(root)
    assert not any((above / "package.json").exists() for above in place.parents)
    (root / "command.lock").touch()
    assert main(["--root", str(root), "reset"]) == 0
    assert not place.parent.exists()


def test_submodules_stay_empty_and_are_named(tmp_path: Path) -> None:
    folder, module = app_in(tmp_path / "app"), app_in(tmp_path / "module")
    commit(module)
    commit(folder)
    allowed = ("-c", "protocol.file.allow=always")
    added = ("submodule", "--quiet", "add", str(module), "library")
    subprocess.run(["git", "-C", str(folder), *allowed, *added], check=True)
    tree = WorkingTree.of(folder)
    assert "library/app.py" not in pushed(tree, tmp_path)
    assert tree.notices(tree.snapshot(tmp_path / "scratch")) == [
        "Submodules stay empty, as a connection delivers them: library"
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "there is no cdk.json in it"),
        ("{", 'no JSON with the command "app"'),
        ("[]", 'no JSON with the command "app"'),
        ("{}", 'no JSON with the command "app"'),
        ('{"app": ""}', "not a command"),
        ('{"app": ["python3"]}', "not a command"),
    ],
)
def test_a_folder_without_an_app_says_so(tmp_path: Path, written: str | None, said: str) -> None:
    if written is not None:
        (tmp_path / "cdk.json").write_text(written)
    with pytest.raises(UnusableAppError, match=said):
        App.of(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("command", "lock", "said"),
    [
        ("npx ts-node bin/app.ts", "package-lock.json", "run `npm ci` in"),
        ("npx ts-node bin/app.ts", "yarn.lock", "run `yarn install --frozen-lockfile` in"),
        ("npx ts-node bin/app.ts", "pnpm-lock.yaml", "run `pnpm install --frozen-lockfile` in"),
        ("STAGE=dev npx ts-node bin/app.ts", "package.json", "run `npm install` in"),
        (".venv/bin/python app.py", "requirements.txt", r"run `python3 -m venv .venv && .* in"),
    ],
)
def test_what_is_not_installed_is_said_with_the_command_that_installs_it(
    tmp_path: Path, command: str, lock: str, said: str
) -> None:
    (app_in(tmp_path, command) / lock).touch()
    with pytest.raises(UnusableAppError, match=said):
        App.of(tmp_path, tmp_path).check_installed()


def test_the_command_line_says_what_is_wrong_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    assert main(["--root", str(root), "run", "--app", str(tmp_path / "missing")]) == 1
    assert "missing is no folder" in capsys.readouterr().err
    assert not (root / "server.json").exists()


def test_every_app_has_a_root_of_its_own(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "app", tmp_path / "b" / "app"
    roots = {root_of(each, tmp_path) for each in (first, second)}
    assert len(roots) == 2
    assert root_of(first, tmp_path) in roots
    assert root_of(Path(os.path.relpath(first)), tmp_path) in roots
