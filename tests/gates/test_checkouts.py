"""What lies in a checkout and should not is reported: things made there, things that shadow others.

Proves it in real folders with real git. That a build without git cannot know what is committed is
said by the rule; there, a person is asked, since such a commit changes what guards the delivery.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from gates.delivery import Delivery
from gates.rules import RULES


def git(checkout: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True)


def written(checkout: Path, name: str, text: str = "") -> None:
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text(text)


def told(delivery: Delivery, checkout: Path, rule: str) -> list[str]:
    found = RULES[rule].findings(replace(delivery, checkout=checkout))
    return [each.path for each in found]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    written(tmp_path, ".gitignore", "/.venv/\n/cdk.out/\n*.pyc\n")
    written(tmp_path, "services/requests/runtime/handler.py")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "where"),
    [
        (".venv/bin/python", ".venv"),
        (".build/services-requests-runtime-0/services/x.py", ".build"),
        ("node_modules/aws-cdk/bin/cdk", "node_modules"),
        ("cdk.out/manifest.json", "cdk.out"),
        ("integ/__pycache__/test_files_api.cpython-312.pyc", "integ/__pycache__"),
        ("integ/helper.pyc", "integ/helper.pyc"),
        ("paths.pth", "paths.pth"),
    ],
)
def test_what_was_made_and_committed_is_told_whatever_is_ignored(
    delivery: Delivery, checkout: Path, file: str, where: str
) -> None:
    written(checkout, file)
    assert told(delivery, checkout, "TAP-602") == []
    written(checkout, ".gitignore")
    git(checkout, "add", "--force", file)
    assert told(delivery, checkout, "TAP-602") == [where]


def test_what_is_only_there_is_not_told(delivery: Delivery, checkout: Path) -> None:
    written(checkout, ".venv/bin/python")
    git(checkout, "add", ".")
    assert told(delivery, checkout, "TAP-602") == []


@pytest.mark.parametrize(
    "name",
    ["yaml.py", "pytest/__init__.py", "json.py", "sitecustomize.py", "conftest.py", "aws_cdk/x.py"],
)
def test_what_shadows_a_library_is_told(delivery: Delivery, checkout: Path, name: str) -> None:
    written(checkout, name)
    assert told(delivery, checkout, "TAP-436") == [name.partition("/")[0]]


def test_what_has_a_name_of_its_own_is_not_told(delivery: Delivery, checkout: Path) -> None:
    written(checkout, "pipeline_app.py")
    written(checkout, "yaml-notes/x.md")
    assert told(delivery, checkout, "TAP-436") == []


def test_an_install_file_anywhere_is_read(tmp_path: Path, delivery: Delivery) -> None:
    for name in ("cdk.json", "package.json"):
        written(tmp_path, name, (delivery.checkout / name).read_text())
    written(tmp_path, "services/requests/uv.toml", "offline = false\n")
    written(tmp_path, "node_modules/aws-cdk/package.json", "{}")
    read = Delivery.read(delivery.assembly.directory, tmp_path)
    assert sorted(read.installs) == ["package.json", "services/requests/uv.toml"]
