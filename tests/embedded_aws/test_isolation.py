"""Proves what a hostile build can do to the machine that it runs on: nothing, in a sandbox.

The same builds run on two servers: as this machine allows, and with a PATH that has no bubblewrap.
Where bubblewrap does not work, both are the second, and the first says why. Without it builds have
folders of their own, and no more is promised: what they could do is not tried on this machine.
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from pathlib import Path

import pytest

from embedded_aws.codebuild import local_cache, sandbox
from embedded_aws.codebuild.folders import Folders, SeenFolders
from tests.embedded_aws import isolated
from tests.embedded_aws.emulated import runs
from tests.embedded_aws.isolated import Machine
from tests.embedded_aws.projects import BUCKET

HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)


def works() -> bool:
    """Whether bubblewrap makes a sandbox here, asked of itself."""
    command = ["bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc"]
    try:
        return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def is_isolated(machine: Machine) -> bool:
    """Whether there is a sandbox; where there is none, the server says that, and why."""
    if machine.isolation.by:
        return True
    assert re.match("bwrap (is not installed|does not work here)", machine.isolation.reason)
    return False


def test_the_server_says_whether_its_builds_are_isolated(machine: Machine) -> None:
    assert is_isolated(machine) == (works() and not machine.has_no_bwrap)
    if machine.has_no_bwrap:
        assert machine.isolation.reason.startswith("bwrap is not installed: install it")
    build = machine.projects.run("says-so", {"build": ["true"]})
    assert f"This build is {machine.isolation}" in machine.projects.log(build)


def test_a_bubblewrap_that_may_do_nothing_is_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where user namespaces are forbidden; the program's own words are passed on."""
    program = tmp_path / "bwrap"
    words = "bwrap: No permissions to create new namespace"
    program.write_text(f"#!/bin/sh\necho '{words}' >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    sandboxes, isolation = sandbox.find(tmp_path, {})
    assert isinstance(sandboxes, sandbox.Unconfined)
    assert isolation.by == ""
    assert words in isolation.reason
    assert "AppArmor" in isolation.reason
    assert {path.name for path in tmp_path.glob("builds/*")} == set()


def test_home_and_temporary_files_are_the_builds_own(machine: Machine) -> None:
    """`rm -rf` of settings, and of the whole home, harms nothing; isolated or not."""
    before = sorted(os.listdir(HOME))
    said = machine.said(
        "own-folders",
        "git tag made-by-a-build || echo no repository",
        "mkdir -p ~/.config; rm -rf ~/.config; rm -rf ~ 2>/dev/null; touch $TMPDIR/x",
        "echo $HOME; echo $TMPDIR",
    )
    *_, refused, home, temporary = said.splitlines()
    assert refused == "no repository"
    top = str((machine.projects.server.root / "builds").resolve())
    if is_isolated(machine):
        assert [home, temporary] == [
            str(SeenFolders(Path()).home),
            str(SeenFolders(Path()).temporary),
        ]
    else:
        assert home.startswith(top)
        assert temporary.startswith(top)
    assert sorted(os.listdir(HOME)) == before
    tags = subprocess.run(["git", "tag"], cwd=machine.checkout, capture_output=True, check=True)
    assert tags.stdout == b""


def test_a_build_reaches_no_file_and_no_process_but_its_own(machine: Machine) -> None:
    if not is_isolated(machine):
        return
    other = subprocess.Popen(["sleep", "100"])
    try:
        attacks = {
            "reading the checkout": f"cat {machine.secret}",
            "reading its history": f"git -C {machine.checkout} log",
            "the server's keys": f"ls {machine.projects.server.root}/tls",
            "other builds": f"ls {(machine.projects.server.root / 'builds').resolve()}",
            "other projects' caches": f"ls {machine.projects.tools('says-so')}",
            "the user's home": f"ls {HOME}/.cache",
            "another process": f"kill -9 {other.pid}",
            "the server": "pgrep -f 'embedded_aws --root'",
            "the system": "touch /usr/x || touch /etc/x",
            "the mounts": "mount -o remount,rw,bind /usr || umount /usr",
        }
        machine.said(
            "attacker",
            *(f"if {attack}; then exit 1; fi" for attack in attacks.values()),
            "touch /tmp/x ~/x /opt/x",  # a file system of its own is put over what is there
        )
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
    assert machine.said("next", "ls /tmp/x ~/x /opt/x || echo nothing").endswith("nothing")
    assert not Path("/opt/x").exists()
    assert machine.secret.read_text() == isolated.SECRET


def test_what_a_build_left_behind_does_nothing_later(machine: Machine) -> None:
    """A process of its own, detached, that goes on writing; gone when the build is."""
    left = f"sleep 325.{os.getpid()}"
    build = machine.projects.run("leaver", {"build": [f"nohup setsid {left} >/dev/null &"]})
    assert build["buildStatus"] == "SUCCEEDED"
    assert not runs(left)


def test_nothing_is_read_through_a_link_that_a_build_made(machine: Machine) -> None:
    """Artifacts, reports, exported variables: the server looks for none of them itself."""
    steal = [
        f"ln -s {machine.checkout} stolen; ln -s {machine.secret} report.xml",
        f"export STOLEN=$(cat {machine.secret} 2>/dev/null || echo nothing)",
    ]
    artifacts = {"base-directory": "stolen", "files": "**/*"}
    spec = {
        "version": "0.2",
        "env": {"exported-variables": ["STOLEN"]},
        "phases": {"build": {"commands": steal}},
        "reports": {"r": {"files": "report.xml"}},
        "artifacts": artifacts,
    }
    machine.projects.project("thief", spec)
    place = {"type": "S3", "location": BUCKET, "path": "stolen", "packaging": "ZIP"}
    artifact = {**place, "name": "one", "namespaceType": "NONE"}
    start = machine.projects.start("thief", artifactsOverride=artifact)
    build = machine.projects.wait(start)
    said = machine.projects.log(build)
    assert "no report files match report.xml" in said
    assert isolated.SECRET not in said
    if is_isolated(machine):
        assert build["exportedEnvironmentVariables"] == [{"name": "STOLEN", "value": "nothing"}]
        keys = machine.projects.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="stolen")
        assert keys["KeyCount"] == 0


def test_a_local_cache_takes_nothing_that_is_not_the_builds(machine: Machine) -> None:
    """A link above the folder that is to be kept would have the server move the user's own."""
    spec = {
        "version": "0.2",
        "phases": {"build": {"commands": [f"ln -s {machine.checkout} up"]}},
        "cache": {"paths": ["up/wheels/**/*"]},
    }
    modes = {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
    machine.projects.project("mover", spec, cache=modes)
    build = machine.projects.wait(machine.projects.start("mover"))
    assert build["buildStatus"] == "SUCCEEDED", machine.projects.log(build)
    assert (machine.checkout / "wheels").is_dir()


def test_a_builds_variables_and_programs_are_nothing_to_what_starts_it(machine: Machine) -> None:
    """The loader obeys LD_ variables, out here as well; and the server asks a Python's version."""
    if not is_isolated(machine):
        return
    python = "$(command -v python)"
    program = f"#!/bin/sh\\ntouch {machine.checkout}/asked; echo 3.12\\n"
    replace = f"rm {python}; printf '{program}' > $HOME/x; chmod +x $HOME/x; cp $HOME/x $P"
    spec = {
        "version": "0.2",
        "env": {
            "variables": {"LD_DEBUG": "statistics", "LD_DEBUG_OUTPUT": f"{machine.checkout}/loaded"}
        },
        "phases": {
            "install": {"runtime-versions": {"python": f"$(P={python}; {replace}; echo 3.12)"}},
            "build": {"commands": ["test -n $LD_DEBUG", "python --version"]},
        },
    }
    before = sorted(os.listdir(machine.checkout))
    machine.projects.project("loader", spec)
    build = machine.projects.wait(machine.projects.start("loader"))
    assert build["buildStatus"] == "SUCCEEDED", machine.projects.log(build)
    assert machine.projects.output(build)[-1:] == ["3.12"]
    assert sorted(os.listdir(machine.checkout)) == before


def test_what_is_shown_below_the_home_is_there_before_a_cache_could_be(tmp_path: Path) -> None:
    """An interpreter of root's own, and a buildspec that caches the folder above it."""
    folders, home = Folders(tmp_path / "build"), SeenFolders(Path()).home
    folders.make()
    sandboxes = sandbox.Bubblewrap("bwrap", [], [])
    sandboxes._shown = [home / "python", home / "deep" / "settings"]
    sandboxes.around(folders, folders.cache)
    roots = {local_cache.HOME: folders.home}
    said = local_cache.LocalCache(tmp_path / "store").link(
        tmp_path, tmp_path, roots, ["/root/deep/**/*", "/root/deep/other/**/*"]
    )
    assert ["is not kept" in line for line in said] == [True, False]


def test_what_settings_and_programs_name_is_seen_and_no_more(machine: Machine) -> None:
    """Wheels in the checkout, because PIP_FIND_LINKS names them; not what lies beside them."""
    if not is_isolated(machine):
        return
    said = machine.said("settings", f"ls -A {machine.checkout}; touch $PIP_FIND_LINKS/x || echo no")
    assert said.splitlines()[-1] == "no"
    assert set(said.splitlines()) & {".root", "wheels", "secret", ".git"} == {"wheels"}
