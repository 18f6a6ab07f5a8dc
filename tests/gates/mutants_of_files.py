"""Hostile and careless edits of files that say what is installed and how builds run.

Each is of the text of a real file of this checkout, or a file that a tool would read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.gates.drafts import Draft
from tests.gates.mutants import caught_by

LOCK = "requirements.txt"
HASH = "--hash=sha256:" + "0" * 64


def npm_lock(draft: Draft, edit: Callable[[Any], object]) -> None:
    """Lets `edit` change the entry of the CDK's command line in npm's lock."""
    lock = json.loads(draft.installs["package-lock.json"])
    edit(lock["packages"]["node_modules/aws-cdk"])
    draft.installs["package-lock.json"] = json.dumps(lock)


@caught_by("TAP-435")
def further_index_in_a_lock(draft: Draft) -> None:
    draft.installs[LOCK] = f"--extra-index-url https://p.example/simple\n{draft.installs[LOCK]}"


@caught_by("TAP-435")
def further_index_after_a_package(draft: Draft) -> None:
    draft.installs[LOCK] += f"left-pad==1.0 {HASH} --index-url https://p.example/simple\n"


@caught_by("TAP-435")
def folder_of_wheels_beside_the_lock(draft: Draft) -> None:
    draft.installs["services/requests/runtime/requirements.txt"] += "--find-links vendor/\n"


@caught_by("TAP-435")
def package_without_a_hash(draft: Draft) -> None:
    draft.installs["embedded_aws/requirements.txt"] += "left-pad==1.0\n"


@caught_by("TAP-435")
def package_with_an_old_kind_of_hash(draft: Draft) -> None:
    draft.installs[LOCK] += f"left-pad==1.0 --hash=md5:{'0' * 32}\n"


@caught_by("TAP-435")
def package_from_a_repository(draft: Draft) -> None:
    draft.installs[LOCK] += f"boto3 @ git+https://example.com/boto3 {HASH}\n"


@caught_by("TAP-435")
def package_from_a_folder(draft: Draft) -> None:
    draft.installs[LOCK] += "-e ./vendor/boto3\n"


@caught_by("TAP-435")
def lock_that_takes_in_another_file(draft: Draft) -> None:
    draft.installs[LOCK] += "-r docs/more.md\n"


@caught_by("TAP-435")
def option_behind_a_comment_that_seems_to_go_on(draft: Draft) -> None:
    draft.installs[LOCK] += "# packages \\\n--trusted-host p.example\n"


@caught_by("TAP-435")
def index_for_whoever_locks_next(draft: Draft) -> None:
    draft.installs["requirements.in"] += "--index-url https://p.example/simple\n"


@caught_by("TAP-435")
def npm_package_from_elsewhere(draft: Draft) -> None:
    npm_lock(draft, lambda entry: entry.update(resolved="https://p.example/aws-cdk.tgz"))


@caught_by("TAP-435")
def npm_package_without_a_hash(draft: Draft) -> None:
    npm_lock(draft, lambda entry: entry.pop("integrity"))


@caught_by("TAP-435")
def npm_package_with_a_weak_hash(draft: Draft) -> None:
    npm_lock(draft, lambda entry: entry.update(integrity="sha1-Yh0kmGIMYYwWQjNTJJVuAHJFEYE="))


@caught_by("TAP-435")
def npm_package_said_to_be_bundled(draft: Draft) -> None:
    def edit(entry: Any) -> None:
        entry.pop("integrity")
        entry["inBundle"] = True

    npm_lock(draft, edit)


@caught_by("TAP-435")
def npm_package_that_is_a_folder(draft: Draft) -> None:
    npm_lock(draft, lambda entry: entry.update(link=True, resolved="vendor/aws-cdk"))


@caught_by("TAP-435")
def npm_package_under_anothers_name(draft: Draft) -> None:
    npm_lock(draft, lambda entry: entry.update(name="aws-cdk-cli"))


@caught_by("TAP-435")
def npm_package_with_a_script(draft: Draft) -> None:
    npm_lock(draft, lambda entry: entry.update(hasInstallScript=True))


@caught_by("TAP-435")
def npm_registry_of_someone_elses(draft: Draft) -> None:
    draft.installs[".npmrc"] += "registry=https://p.example/\n"


@caught_by("TAP-435")
def npm_scope_of_someone_elses(draft: Draft) -> None:
    draft.installs[".npmrc"] += "@cdklabs:registry=https://p.example/\n"


@caught_by("TAP-435")
def npm_runs_scripts_again(draft: Draft) -> None:
    npmrc = draft.installs[".npmrc"]
    draft.installs[".npmrc"] = npmrc.replace("ignore-scripts=true", "ignore-scripts=false")


def npm_package_file(draft: Draft, **changes: Any) -> None:
    package = json.loads(draft.installs["package.json"]) | changes
    draft.installs["package.json"] = json.dumps(package)


@caught_by("TAP-435")
def script_of_our_own_after_an_installation(draft: Draft) -> None:
    npm_package_file(draft, scripts={"postinstall": "sh docs/welcome.md"})


@caught_by("TAP-435")
def newest_version_that_fits(draft: Draft) -> None:
    npm_package_file(draft, dependencies={"aws-cdk": "^2.0.0"})


@caught_by("TAP-435")
def other_package_in_anothers_place(draft: Draft) -> None:
    npm_package_file(draft, overrides={"semver": "npm:left-pad@1.0.0"})


@caught_by("TAP-435")
def settings_of_uv(draft: Draft) -> None:
    draft.installs["uv.toml"] = 'index-url = "https://p.example/simple"\n'


@caught_by("TAP-435")
def settings_of_uv_beside_others(draft: Draft) -> None:
    draft.installs["pyproject.toml"] += '\n[tool.uv.pip]\nextra-index-url = ["https://p.example"]\n'


@caught_by("TAP-435")
def settings_of_pip(draft: Draft) -> None:
    draft.installs["pip.conf"] = "[global]\nindex-url = https://p.example/simple\n"


@caught_by("TAP-435")
def tests_left_out(draft: Draft) -> None:
    toml = draft.installs["pyproject.toml"]
    draft.installs["pyproject.toml"] = toml.replace('-ra"', '-ra -k \\"not gates\\""')


@caught_by("TAP-435")
def tests_left_out_by_their_folder(draft: Draft) -> None:
    toml = draft.installs["pyproject.toml"]
    draft.installs["pyproject.toml"] = toml.replace('["tests"]', '["tests/unit"]')


@caught_by("TAP-435")
def tests_of_another_kind_are_collected(draft: Draft) -> None:
    toml = draft.installs["pyproject.toml"]
    more = 'python_functions = ["check_*"]\nxfail_strict'
    draft.installs["pyproject.toml"] = toml.replace("xfail_strict", more)


@caught_by("TAP-435")
def settings_of_pytest_in_a_file_that_comes_first(draft: Draft) -> None:
    draft.installs["pytest.ini"] = "[pytest]\naddopts = --collect-only\n"


@caught_by("TAP-435")
def settings_of_pytest_in_an_old_place(draft: Draft) -> None:
    draft.installs["setup.cfg"] = "[tool:pytest]\naddopts = --collect-only\n"


@caught_by("TAP-435")
def lock_that_is_no_lock(draft: Draft) -> None:
    draft.installs["package-lock.json"] = "{"


# Scripts


@caught_by("TAP-408")
def smoke_script_ended_behind_a_comment(draft: Draft) -> None:
    script = draft.scripts["scripts/smoke"]
    early = "# What someone's shell adds \\\nexit 0\nunset"
    draft.scripts["scripts/smoke"] = script.replace("unset", early, 1)


@caught_by("TAP-701")
def install_script_goes_on_behind_a_comment(draft: Draft) -> None:
    draft.scripts["scripts/install-python"] += "# done \\\ntouch .venv/bin/sitecustomize\n"


@caught_by("TAP-701")
def judged_folder_is_synthesized_elsewhere(draft: Draft) -> None:
    draft.scripts["scripts/gates"] = draft.scripts["scripts/gates"].replace(
        '"$@"', '--assembly docs/assembly "$@"'
    )
