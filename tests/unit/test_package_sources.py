"""No file of a checkout says where the install scripts get packages from.

Proves it with the real uv, pip's environment and npm, in copies that hold settings which name an
index and a registry that nobody answers at. That a person's own settings still count is proved by
the machine that these tests run on, where it has any, and by their environment here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.synthesis import REPOSITORY

NOWHERE = "http://127.0.0.1:9/"
LOCK = "services/requests/runtime/requirements.txt"
NODE_LOCK = "tests/files/tables/corpus"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts and small locks, with the installed tools, and settings that lead nowhere."""
    (tmp_path / "scripts").mkdir()
    for name in (
        ".python-version",
        "scripts/install-python",
        "scripts/install-node",
        "requirements.txt",
    ):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    shutil.copy(REPOSITORY / LOCK, tmp_path / "lock.txt")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(REPOSITORY / NODE_LOCK / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    (tmp_path / "uv.toml").write_text(f'[pip]\nindex-url = "{NOWHERE}"\n')
    (tmp_path / "pip.py").write_text("raise SystemExit('not pip')\n")
    (tmp_path / ".npmrc").write_text(f"registry={NOWHERE}\nfetch-retries=0\n")
    return tmp_path


def install(checkout: Path, script: str, *arguments: str, **environment: str) -> str:
    """What the script says when it fails; nothing when it ends well."""
    done = subprocess.run(
        ["bash", f"scripts/{script}", *arguments],
        cwd=checkout,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


def share_uv(checkout: Path) -> None:
    """Lets it use the installed one, where it is not at issue where that comes from."""
    (checkout / ".cache").symlink_to(REPOSITORY / ".cache")


def test_python_packages_come_from_where_the_person_says(checkout: Path) -> None:
    assert install(checkout, "install-python", "lock.txt", "made") == ""
    assert list(checkout.glob("made/lib/*/site-packages/jmespath"))
    shutil.rmtree(checkout / "made")
    said = install(
        checkout,
        "install-python",
        "lock.txt",
        "made",
        UV_DEFAULT_INDEX=NOWHERE,
        UV_HTTP_RETRIES="0",
    )
    assert "127.0.0.1:9" in said


def test_an_environment_with_settings_of_its_own_is_made_anew(checkout: Path) -> None:
    share_uv(checkout)
    assert install(checkout, "install-python", "lock.txt", "made") == ""
    (checkout / "made/pip.conf").write_text(f"[global]\nindex-url = {NOWHERE}\n")
    assert install(checkout, "install-python", "lock.txt", "made") == ""
    assert not (checkout / "made/pip.conf").exists()


def test_what_an_earlier_lock_installed_goes(checkout: Path) -> None:
    """As in a build that finds what the project's last one installed."""
    share_uv(checkout)
    kept = str(checkout / "kept")
    assert install(checkout, "install-python", "lock.txt", "made", TAP_INSTALLED=kept) == ""
    lock = (checkout / "lock.txt").read_text()
    (checkout / "less.txt").write_text("jmespath" + lock.partition("\njmespath")[2])
    assert install(checkout, "install-python", "less.txt", "made", TAP_INSTALLED=kept) == ""
    found = {path.name for path in checkout.glob("made/lib/*/site-packages/*.dist-info")}
    assert {name.partition("-")[0] for name in found} == {"jmespath", "typing_extensions"}


def test_node_packages_come_from_where_the_person_says(checkout: Path) -> None:
    assert install(checkout, "install-node") == ""
    assert (checkout / "node_modules/papaparse/package.json").is_file()
    shutil.rmtree(checkout / "node_modules")
    nowhere = {"npm_config_registry": NOWHERE, "npm_config_cache": str(checkout / "cache")}
    said = install(checkout, "install-node", npm_config_fetch_retries="0", **nowhere)
    assert "127.0.0.1:9" in said
    assert not (checkout / "node_modules").exists()
    assert list(checkout.glob(".build/npm-*")) == []
