"""The same commit gives the same cloud assembly, byte for byte, wherever and whenever it is made.

Two copies of what git would commit, in folders of other names and depths, with staging folders of
their own, are synthesized under other names of machine user, time zone and hash seed. Proves that
every file and its executable bit is equal: nothing is exempt, because this CDK stamps neither time
nor path into an assembly. Does not prove that another operating system or processor
would make the same; the installed tools are shared by both copies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from tests.support.synthesis import REPOSITORY, TOOLS

# What would be noticed, were it in the assembly.
MACHINES = {
    "first": {"TZ": "UTC", "USER": "ada", "PYTHONHASHSEED": "1", "SOURCE_DATE_EPOCH": "0"},
    "second/and/deeper": {"TZ": "Asia/Tokyo", "USER": "grace", "PYTHONHASHSEED": "2"},
}
# How long a slow synthesis took, which CDK writes for itself; nothing is deployed from it.
STAMPED_BY_CDK = "performance-counters.json"
# Written by tools for themselves, wherever they run.
NOT_COMMITTED = {".git", ".build", "cdk.out", "__pycache__", ".rehearsal"}


def committed() -> list[str]:
    """What git knows, or would with the next commit."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    names = [name for name in done.stdout.split("\0") if name and (REPOSITORY / name).is_file()]
    return [name for name in names if not NOT_COMMITTED & set(Path(name).parts)]


def synthesized(folder: Path, machine: dict[str, str]) -> dict[str, str]:
    """A fresh checkout's assembly: the hash of every file, with whether it can be executed."""
    for name in committed():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, folder / name)
    for name in TOOLS:
        (folder / name).symlink_to(REPOSITORY / name)
    synth = [str(folder / "scripts/synth")]
    environment = {**os.environ, **machine}
    done = subprocess.run(synth, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / ".build").is_dir(), "the copy did not stage its assets itself"
    out = folder / "cdk.out"
    return {
        str(path.relative_to(out)): f"{sha256(path.read_bytes()).hexdigest()} {_executable(path)}"
        for path in out.rglob("*")
        if path.is_file() and path.name != STAMPED_BY_CDK
    }


def _executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o111)


def test_two_checkouts_give_the_same_assembly_byte_for_byte(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        folders = [tmp_path / name for name in MACHINES]
        first, second = pool.map(synthesized, folders, MACHINES.values())
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name]} == set()
    assert any(name.startswith("asset.") for name in first)
