"""The buildspec grammar of CodeBuild's reference: what is taken, what is noted, what is refused.

Proves how text becomes a `Buildspec`, without a build. What AWS does with a key that its reference
does not have is known from builds that pass there, not from a page.
"""

from __future__ import annotations

import itertools

import pytest

from embedded_aws.codebuild import buildspec
from embedded_aws.codebuild.buildspec import Buildspec, Phase
from embedded_aws.codebuild.record import BuildspecError

REFERENCE = """
version: 0.2
env:
  shell: bash
  variables: {A: b}
  parameter-store: {P: /p}
  secrets-manager: {S: id:key}
  exported-variables: [A]
  git-credential-helper: yes
proxy: {upload-artifacts: yes, logs: no}
phases:
  install:
    on-failure: ABORT
    runtime-versions: {python: "$PV", nodejs: 24}
    commands: [one]
    finally: [two]
  pre_build: {on-failure: CONTINUE, commands: [x]}
  build: {on-failure: RETRY-4-.*Error.*, commands: [x]}
  post_build: {}
reports:
  group:
    files: ["**/*"]
    base-directory: r
    discard-paths: yes
    file-format: COBERTURAXML
artifacts:
  files: ["**/*"]
  name: n-$(date +%Y)
  discard-paths: no
  base-directory: b
  exclude-paths: [c]
  enable-symlinks: yes
  s3-prefix: p
  secondary-artifacts:
    other: {files: "*", discard-paths: yes}
cache:
  key: k
  fallback-keys: [f]
  action: restore
  paths: [".cache/**/*"]
"""


def parsed(*lines: str) -> Buildspec:
    """A buildspec of these lines and a phase, unless they have one."""
    phases = [] if any(line.startswith("phases") for line in lines) else ["phases: {build: {}}"]
    return buildspec.parse("\n".join(["version: 0.2", *phases, *lines]))


def test_every_key_of_the_reference_is_taken() -> None:
    spec = buildspec.parse(REFERENCE)
    assert spec.phases["install"].runtime_versions == {"python": "$PV", "nodejs": "24"}
    assert spec.phases["build"].retry_on == ".*Error.*"
    assert spec.artifact
    assert (spec.artifact.s3_prefix, spec.artifact.files.symlinks) == ("p", True)
    assert spec.secondary_artifacts["other"].files.files == ("*",)
    assert [note.partition(":")[0] for note in spec.notes] == [
        "cache/action",
        "cache/fallback-keys",
        "cache/key",
        "proxy",
        "env/git-credential-helper",
    ]


def test_a_text_stands_for_a_list_of_one_where_cdk_writes_it() -> None:
    spec = parsed("artifacts: {base-directory: cdk.out, files: '**/*'}")
    assert spec.artifact
    assert spec.artifact.files.files == ("**/*",)


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("artifacts: {type: zip, files: ['*']}", "artifacts/type: ignored"),
        ("environment_variables: {plaintext: {}}", "environment_variables: ignored"),
        ("phases: {build: {on_failure: ABORT, commands: [x]}}", "phases/build/on_failure: ignored"),
        ("env: {vars: {A: b}}", "env/vars: ignored"),
    ],
)
def test_a_key_that_the_reference_does_not_have_is_ignored_aloud(line: str, note: str) -> None:
    assert any(found.startswith(note) for found in parsed(line).notes)


@pytest.mark.parametrize(
    ("word", "retries", "pattern"),
    [
        ("RETRY", 3, ".*"),
        ("RETRY-4", 4, ".*"),
        ("RETRY-.*Error.*", 3, ".*Error.*"),
        ("RETRY-100-timed out", 100, "timed out"),
        ("ABORT", 0, ".*"),
    ],
)
def test_a_phase_says_how_often_and_on_what_it_is_retried(
    word: str, retries: int, pattern: str
) -> None:
    phase: Phase = parsed(f"phases: {{build: {{on-failure: '{word}'}}}}").phases["build"]
    assert (phase.retries, phase.retry_on) == (retries, pattern)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("batch: {fast-fail: yes}", "batch: batch builds are not offered here"),
        ("run-as: me", "run-as: builds run as the user"),
        ("phases: {build: {run-as: me}}", "phases/build/run-as: builds run as the user"),
        ("phases: {build: {commands: [{a: b}]}}", "phases/build/commands[0]: expected text"),
        ("phases: {build: {<<: {commands: [x]}}}", "phases/build/<<: merge keys are not read"),
        ("env: {variables: {<<: {A: b}}}", "env/variables/<<: merge keys are not read"),
        ("phases: {build: {}, build: {}}", "the buildspec is not YAML: found the key 'build' a"),
        (r'env: {variables: {A: "\ud83d"}}', "env/variables/A: half of a surrogate pair"),
        (f"phases: {3000 * '['}", "the buildspec is nested too deep"),
        ("phases: [build]", "phases: expected a mapping"),
        ("reports: {g: {files: [c], file-format: PDF}}", "reports/g/file-format: expected one of"),
        ("artifacts: {files: [a], enable-symlinks: maybe}", "artifacts/enable-symlinks"),
    ],
)
def test_what_is_known_and_not_done_here_is_refused_by_its_path(line: str, complaint: str) -> None:
    with pytest.raises(BuildspecError, match=r".*") as refused:
        parsed(line)
    assert refused.value.message.startswith(complaint)


def test_a_character_may_be_written_as_two_escapes() -> None:
    assert parsed(r'phases: {build: {commands: ["echo \ud83d\ude80"]}}').phases[
        "build"
    ].commands == ("echo \N{ROCKET}",)


def test_a_complaint_about_aliases_of_aliases_is_short() -> None:
    letters = "abcdefghij"
    lists = [f"{b}: &{b} [{', '.join(10 * ['*' + a])}]" for a, b in itertools.pairwise(letters)]
    with pytest.raises(BuildspecError) as refused:
        parsed("a: &a [x]", *lists, "env: {variables: {A: *j}}")
    assert refused.value.message.startswith("env/variables/A: expected text, got [[")
    assert len(refused.value.message) < 500


def test_a_file_in_another_encoding_says_so() -> None:
    with pytest.raises(BuildspecError, match=r"buildspec\.yml is not UTF-8: .*position 0"):
        buildspec.decoded(b"\xe9", "buildspec.yml")
