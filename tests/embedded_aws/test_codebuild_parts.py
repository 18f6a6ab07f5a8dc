"""Proves the parts of the CodeBuild executor that need no server, as the user guide states them.

Buildspec reading and its errors, which files an artifact takes, archives that try to leave their
folder, runtime versions, masking, and that no process outlives its build. How the
parts work together is proved in `test_codebuild_builds`.
"""

from __future__ import annotations

import errno
import os
import platform
import signal
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded_aws.codebuild import artifacts, buildspec, environment, logs, runtimes, sandbox
from embedded_aws.codebuild import runner as runner_module
from embedded_aws.codebuild.folders import Folders
from embedded_aws.codebuild.inside import collecting
from embedded_aws.codebuild.inside.collecting import FileSet
from embedded_aws.codebuild.logs import BuildLog, Redactor
from embedded_aws.codebuild.plan import plan
from embedded_aws.codebuild.record import BuildError, InterruptedBuildError
from embedded_aws.codebuild.runner import Runner
from embedded_aws.codebuild.sandbox import Sandbox
from tests.embedded_aws.emulated import runs

MINIMAL = "version: 0.2\nphases: {build: {commands: [make]}}\n"


def test_a_buildspec_may_be_yaml_or_json() -> None:
    from_json = buildspec.parse('{"version": "0.2", "phases": {"build": {"commands": ["make"]}}}')
    assert from_json == buildspec.parse(MINIMAL)


def test_versions_and_numbers_stay_as_they_were_written() -> None:
    spec = buildspec.parse(
        "version: 0.2\n"
        "env: {variables: {ZERO: 010, YES: yes}}\n"
        "phases: {install: {runtime-versions: {python: 3.10}}}\n"
    )
    assert spec.phases["install"].runtime_versions == {"python": "3.10"}
    assert spec.env.variables == {"ZERO": "010", "YES": "yes"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("version: 0.1\nphases: {}", "version: expected 0.2, got '0.1'"),
        ("version: 0.2", "phases: missing"),
        ("version: 0.2\nphases: {test: {}}", "phases/test: there is no such phase"),
        ("version: 0.2\nrun-as: me\nphases: {}", "run-as"),
        ("version: 0.2\nbatch: {}\nphases: {}", "batch: batch builds are not offered"),
        ("version: 0.2\nphases: {build: {commands: make}}", "phases/build/commands: expected a"),
        ("version: 0.2\nphases: {build: {on-failure: AGAIN}}", "phases/build/on-failure"),
        ("version: 0.2\nenv: {shell: fish}\nphases: {}", "env/shell"),
        ("version: 0.2\nphases: {}\nartifacts: {name: a}", "artifacts/files: missing"),
        ("version: 0.2\nphases: {}\nreports: {r: {files: [a], file-format: X}}", "reports/r"),
        ("version: 0.2\nphases: [", "not YAML"),
    ],
)
def test_a_wrong_buildspec_is_refused_by_the_key(text: str, complaint: str) -> None:
    with pytest.raises(BuildError, match=r".*") as refused:
        buildspec.parse(text)
    assert complaint in refused.value.message
    assert refused.value.code == "YAML_FILE_ERROR"


def test_a_buildspec_of_one_line_is_a_files_name() -> None:
    assert buildspec.file_name("buildspec-asset.yaml") == "buildspec-asset.yaml"
    assert buildspec.file_name("") == "buildspec.yml"
    assert buildspec.file_name(MINIMAL) is None


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        (["**/*"], {"a.txt", "deep/b.txt", "deep/er/c.json"}),
        (["*"], {"a.txt"}),
        (["deep/*"], {"deep/b.txt"}),
        (["deep/**/*"], {"deep/b.txt", "deep/er/c.json"}),
        (["**/*.json", "a.txt"], {"a.txt", "deep/er/c.json"}),
        (["./a.txt"], {"a.txt"}),
    ],
)
def test_artifact_globs_take_what_the_guide_says(
    tmp_path: Path, files: list[str], taken: set[str]
) -> None:
    for name in ("a.txt", "deep/b.txt", "deep/er/c.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert set(collecting.matching(tmp_path, FileSet(tuple(files)))) == taken


def test_a_base_directory_is_not_part_of_names_and_paths_can_be_discarded(tmp_path: Path) -> None:
    for name in ("my-build1/one", "my-build2/sub/two", "other/three"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    wanted = FileSet(("**/*",), base_directory="my-build*")
    assert set(collecting.matching(tmp_path, wanted)) == {"one", "sub/two"}
    flat = FileSet(("**/*",), base_directory="my-build*", discard_paths=True)
    assert set(collecting.matching(tmp_path, flat)) == {"one", "two"}


def test_an_archive_keeps_modes_and_links_and_equal_files_make_equal_bytes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "tool").write_text("#!/bin/sh\n")
    (source / "tool").chmod(0o755)
    (source / "link").symlink_to("tool")
    found = collecting.matching(source, FileSet(("**/*",), symlinks=True))
    assert "link" not in collecting.matching(source, FileSet(("**/*",)))
    collecting.pack(found, tmp_path / "1.zip")
    os.utime(source / "tool", (0, 0))
    collecting.pack(found, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    artifacts.unpack((tmp_path / "1.zip").read_bytes(), tmp_path / "target")
    assert (tmp_path / "target" / "tool").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "target" / "link").readlink() == Path("tool")


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil"])
def test_a_source_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(name, "evil")
    with pytest.raises(BuildError, match="leaves its folder"):
        artifacts.unpack((tmp_path / "s.zip").read_bytes(), tmp_path / "inner" / "target")
    assert not list(tmp_path.rglob("evil"))


def test_a_link_that_leaves_the_source_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(link, "../../outside")
    with pytest.raises(BuildError, match="a link leaves the source"):
        artifacts.unpack((tmp_path / "s.zip").read_bytes(), tmp_path / "target")


@pytest.mark.parametrize(
    ("wanted", "found", "matches"),
    [
        ("3.12", "3.12.1", True),
        ("3.1", "3.12.1", False),
        ("24", "24.21.0", True),
        ("24.x", "24.21.0", True),
        ("22", "24.21.0", False),
        ("latest", "24.21.0", True),
    ],
)
def test_a_runtime_version_is_compared_part_by_part(
    wanted: str, found: str, *, matches: bool
) -> None:
    assert runtimes.matches(wanted, found) is matches


def test_secrets_are_masked() -> None:
    redactor = Redactor()
    redactor.hide("very-secret")
    assert redactor.clean("key=very-secret;") == "key=***;"
    redactor.hide("very-secret-indeed")
    redactor.hide("a first line\na second line\n")
    assert redactor.clean("key=very-secret-indeed;") == "key=***;"
    assert redactor.clean("a second line") == "***"


def test_of_endless_output_the_builds_own_lines_are_still_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_MOST", 3 * (logs._LINE_COSTS + 1))
    log = BuildLog(tmp_path / "log.txt", Redactor())
    for _ in range(10):
        log.line("y")
    log.container("Phase complete")
    log.close()
    first, *kept, enough, last = (tmp_path / "log.txt").read_text().splitlines()
    assert (first, kept) == ("y", ["y", "y"])
    assert "More output than is kept" in enough
    assert last.endswith("Phase complete")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("A=B", "c", "'A=B': a name is not empty and has no equals sign"),
        ("", "c", "'': a name is not empty"),
        ("A", "b\0c", "'A': no variable holds a null character"),
        ("A", 140_000 * "b", "'A': a variable has less than 131072 bytes"),
    ],
)
def test_a_variable_that_no_process_can_have_is_refused_by_name(
    name: str, value: str, said: str
) -> None:
    env = buildspec.Environment(variables={name: value})
    made = plan(_PROJECT, {"projectName": "p"}, "us-west-2")
    with pytest.raises(BuildError) as refused:
        environment.custom(made, env, "https://127.0.0.1:1", lambda _: None, lambda _: None)
    assert refused.value.code == "CLIENT_ERROR"
    assert said in refused.value.message


_PROJECT = {
    "name": "p",
    "arn": "arn:aws:codebuild:us-west-2:111111111111:project/p",
    "source": {"type": "NO_SOURCE"},
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0"},
    "serviceRole": "arn:aws:iam::111111111111:role/r",
}


@pytest.mark.parametrize("identifier", ["../../../evil", "/evil", ".cache", "a b", None])
def test_a_source_whose_identifier_is_no_folders_name_is_refused(identifier: str | None) -> None:
    named = {"sourceIdentifier": identifier} if identifier else {}
    sources = [{"type": "S3", "location": "bucket/key", **named}]
    with pytest.raises(BuildError, match=r"source identifier .*: expected letters, digits"):
        plan(_PROJECT, {"projectName": "p", "secondarySourcesOverride": sources}, "us-west-2")


def test_a_service_role_that_is_none_is_refused() -> None:
    with pytest.raises(BuildError, match="service role 'builder': expected the ARN of a role"):
        plan(_PROJECT, {"projectName": "p", "serviceRoleOverride": "builder"}, "us-west-2")


def test_a_secondary_source_never_lies_where_something_else_does() -> None:
    folders = Folders(Path("/top"))
    others = {folders.source, folders.cache}
    assert not others & {folders.secondary(path.name) for path in others}


def test_a_build_for_another_system_is_refused() -> None:
    request = {"projectName": "p", "environmentTypeOverride": "WINDOWS_SERVER_2022_CONTAINER"}
    with pytest.raises(BuildError, match="environment type WINDOWS_SERVER_2022_CONTAINER: builds"):
        plan(_PROJECT, request, "us-west-2")


@pytest.mark.parametrize(
    ("image", "kind", "said"),
    [
        ("aws/codebuild/standard:7.0", "LINUX_CONTAINER", []),
        ("aws/codebuild/amazonlinux-aarch64-standard:3.0", "ARM_CONTAINER", ["is for arm64: what"]),
        ("node:20-alpine", "LINUX_CONTAINER", ["The image node:20-alpine is not used"]),
    ],
)
def test_the_log_says_where_this_machine_is_not_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, image: str, kind: str, said: list[str]
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    lines = runtimes.differences({"image": image, "type": kind})
    assert len(lines) == len(said)
    assert all(part in line for part, line in zip(said, lines, strict=True))


def test_an_override_that_is_not_acted_on_is_refused_by_name() -> None:
    with pytest.raises(BuildError, match="fleetOverride"):
        plan({"name": "p"}, {"projectName": "p", "fleetOverride": {}}, "us-west-2")


Start = Callable[..., Runner]


@pytest.fixture(params=["as this machine allows", "without bubblewrap"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """A build's folders; where bubblewrap works, once in a sandbox and once without."""
    root = tmp_path / "root"
    root.mkdir()
    found, _ = sandbox.find(root, {})
    sandboxes = found if request.param == "as this machine allows" else sandbox.Unconfined()
    folders = Folders(root / "build")
    folders.make()
    return sandboxes.around(folders, folders.cache)


@pytest.fixture
def start(room: Sandbox) -> Start:
    """Starts a runner in the test's own folders."""

    def make(
        seconds: float = 20, shell: str = "/bin/sh", output: Callable[[str], None] = print
    ) -> Runner:
        return Runner(
            shell=shell,
            sandbox=room,
            environment={"PATH": os.defpath},
            output=output,
            deadline=time.monotonic() + seconds,
        )

    return make


@pytest.mark.parametrize("shell", ["/bin/sh", "bash"])
def test_directory_and_exports_survive_even_an_exit(
    start: Start, room: Sandbox, shell: str
) -> None:
    runner = start(shell=shell)
    assert runner.run("mkdir 'deep er'; cd 'deep er'; export WORDS=\"two 'words'\"") == 0
    assert runner.run("exit 7") == 7
    assert runner.run("set -e; false; echo not reached") == 1
    assert runner.value("$PWD|$WORDS") == f"{room.seen.source}/deep er|two 'words'"
    runner.close()


def test_a_syntax_error_fails_its_command_only(start: Start) -> None:
    runner = start()
    assert runner.run("if then") != 0
    assert runner.run("true") == 0
    runner.close()


def test_a_command_that_reads_its_input_finds_none(start: Start) -> None:
    runner = start()
    assert runner.run("cat > /dev/null") == 0
    runner.close()


def test_a_full_disk_costs_the_log_but_not_the_build(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    def full(line: str) -> None:
        raise OSError(errno.ENOSPC, f"No space left on device for {line}")

    runner = start(output=full)
    more_than_a_pipe_holds = (
        "i=0; while [ $i -lt 20000 ]; do echo a line of output; i=$((i+1)); done"
    )
    assert runner.run(more_than_a_pipe_holds) == 0
    assert runner.run("exit 3") == 3
    runner.close()
    assert [record.exc_info is not None for record in caplog.records] == [True]


@pytest.mark.parametrize("thing", ["ln -sf {secret} {it}", "mkfifo {it}", "mkdir {it}"])
def test_what_a_build_puts_in_place_of_its_files_is_not_followed(
    start: Start, room: Sandbox, tmp_path: Path, thing: str
) -> None:
    """The server reads what it asked for; a link there would make it read the user's files."""
    secret = tmp_path / "secret"
    secret.write_text("the user's")
    runner = start()
    value = room.seen.state / "value"
    put = thing.format(secret=secret, it=value)
    # Called after each command, so between the writing of the file and the server's reading.
    runner.run(f"pwd() {{ if [ -f {value} ]; then rm {value}; {put}; fi; command pwd; }}")
    with pytest.raises(BuildError, match="value: "):
        runner.value("$HOME")
    runner.close()


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("kill -9 $PPID; sleep 5", 255),  # whose parent is gone, or the whole sandbox with it
        ("sleep 5 & kill $PPID; echo still here", 0),
    ],
)
def test_a_build_that_ends_the_process_of_its_commands_fails_and_never_waits(
    start: Start, command: str, status: int
) -> None:
    lines: list[str] = []
    runner = start(output=lines.append)
    assert runner.run(command) == status
    assert runner.run("exit 3") == (255 if status else 3)
    if status:
        with pytest.raises(BuildError, match="gives it no value"):
            runner.value("$PWD")
    runner.close()
    assert [line for line in lines if line.startswith("This build ended")] == lines[: bool(status)]


def test_a_line_that_is_longer_than_a_piece_still_ends(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of the status's mark comes with a piece: nothing of it is lost."""
    monkeypatch.setattr(runner_module, "_PIECE", 64)
    pieces: list[str] = []
    runner = start(output=pieces.append)
    for length in range(60, 140):
        pieces.clear()
        assert runner.run(f"printf %0{length}d 0; exit 7") == 7
        assert "".join(pieces) == "0" * length
    runner.close()


def test_a_timeout_kills_even_processes_that_detached_themselves(
    start: Start, room: Sandbox
) -> None:
    mark = f"300.{os.getpid()}"
    detach = (
        "import os, subprocess, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    subprocess.Popen(['sleep', '{mark}'])\n"
        "    import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)\n"
    )
    (room.folders.source / "detach.py").write_text(detach)
    runner = start(seconds=2)
    assert runner.run(f"{sandbox.INTERPRETER} detach.py; sleep 1") == 0
    assert runs(f"sleep {mark}")
    with pytest.raises(InterruptedBuildError) as interrupted:
        runner.run("sleep 300")
    assert interrupted.value.status == "TIMED_OUT"
    runner.close()
    assert not runs(f"sleep {mark}")


@pytest.mark.parametrize("sandboxes", ["sandbox.find(root, {})[0]", "sandbox.Unconfined()"])
def test_when_the_server_dies_its_builds_die_with_it(tmp_path: Path, sandboxes: str) -> None:
    mark = f"301.{os.getpid()}"
    server = (
        "import sys, time\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from pathlib import Path\n"
        "from embedded_aws.codebuild import sandbox\n"
        "from embedded_aws.codebuild.folders import Folders\n"
        "from embedded_aws.codebuild.runner import Runner\n"
        f"root = Path({str(tmp_path)!r})\n"
        "folders = Folders(root / 'build')\n"
        "folders.make()\n"
        f"room = {sandboxes}.around(folders, folders.cache)\n"
        "runner = Runner(shell='/bin/sh', sandbox=room, environment={'PATH': '/usr/bin:/bin'},\n"
        "    output=print, deadline=time.monotonic() + 60)\n"
        f"runner.run('sleep {mark}')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", server])
    _until(lambda: runs(f"sleep {mark}"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    _until(lambda: not runs(f"sleep {mark}"))


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_program_of_the_image_that_is_not_here_says_so(
    room: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtimes, "SYSTEM_PATH", "")
    runtimes.provide(room, "aws/codebuild/standard:7.0")
    done = subprocess.run(
        [room.folders.missing / "jq", "."], capture_output=True, text=True, check=False
    )
    assert done.returncode == 127
    assert done.stderr.startswith("jq: not here. The build image has it")
