"""Every CodeBuild project runs in what was chosen and leaves traces that end.

Proves it for each project in the template, the generated ones included, and that the pinned tools
can read the assembly that they are given. What projects install and may do, and what smoke tests
are aimed at, are rules of the gates (tests/gates). Does not prove that the image offers those
runtimes: that is what its user guide says.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipeline.tools import pinned_tools
from settings import Settings
from tests.support.synthesis import REPOSITORY, Assembly

SETTINGS = Settings.of_checkout(REPOSITORY)


def test_no_buildspec_in_the_assembly_was_overlooked(assembly: Assembly) -> None:
    files = {path.name for path in assembly.directory.rglob("buildspec-*")}
    used = {project["Source"]["BuildSpec"] for project in assembly.projects.values()}
    assert files
    assert files <= used


def test_a_build_states_its_runtimes_and_its_image(assembly: Assembly) -> None:
    for project in assembly.projects:
        install = assembly.buildspec(project)["phases"]["install"]
        assert install["runtime-versions"] == {"python": "3.12", "nodejs": "24"}
        image = assembly.projects[project]["Environment"]["Image"]
        assert image == "aws/codebuild/amazonlinux-x86_64-standard:6.0"


def test_no_build_hangs_for_long(assembly: Assembly) -> None:
    assert all(project["TimeoutInMinutes"] <= 20 for project in assembly.projects.values())


def test_every_log_ends(assembly: Assembly) -> None:
    groups = assembly.resources("AWS::Logs::LogGroup")
    of_builds = [each for each in groups if each["LogGroupName"].startswith("/aws/codebuild/")]
    assert {group["RetentionInDays"] for group in of_builds} == {365}
    assert all(group["RetentionInDays"] <= 365 for group in groups)


def test_a_failing_smoke_test_still_leaves_its_report(assembly: Assembly) -> None:
    for environment in SETTINGS.environments:
        spec = assembly.buildspec(f"tap-pipeline-smoke-{environment.name}")
        name = f"report-group/tap-pipeline-smoke-{environment.name}"
        group = f"arn:aws:codebuild:{SETTINGS.region}:{SETTINGS.tools_account}:{name}"
        report = {"files": ["smoke.xml"], "base-directory": "reports", "file-format": "JUNITXML"}
        assert spec["reports"] == {group: report}
        assert spec["artifacts"]["base-directory"] == "reports"


def test_the_smoke_tests_are_told_what_is_tested(assembly: Assembly) -> None:
    commit = f"#{{{assembly.action('Source', 'Source')['Namespace']}.CommitId}}"
    for environment in SETTINGS.environments:
        assert assembly.variables(environment.stage, "Smoke")["TAP_COMMIT"] == commit


def test_each_environments_stack_is_told_the_commit_that_its_smoke_tests_expect(
    assembly: Assembly,
) -> None:
    for environment in SETTINGS.environments:
        expected = assembly.variables(environment.stage, "Smoke")["TAP_COMMIT"]
        told = [
            json.loads(action["Configuration"]["ParameterOverrides"])
            for stage, action in assembly.actions()
            if stage == environment.stage and "TemplatePath" in action["Configuration"]
        ]
        assert told == [{"Commit": expected}]


def read_by_cdk_cli() -> int:
    """The schema that the pinned CLI was built with, from the code it carries."""
    code = (REPOSITORY / "node_modules/aws-cdk/lib/index.js").read_text()
    module = code[code.index("cloud-assembly-schema/schema/version.json") :]
    found = re.search(r"revision: (\d+)", module)
    assert found
    return int(found[1])


def read_by_cdk_assets() -> int:
    """The schema that the pinned cdk-assets was built with, from its list of what it carries."""
    package = json.loads((REPOSITORY / "node_modules/cdk-assets/package.json").read_text())
    return int(package["devDependencies"]["@aws-cdk/cloud-assembly-schema"].split(".")[0])


def test_the_pinned_tools_read_the_schema_of_the_assembly(assembly: Assembly) -> None:
    for manifest in assembly.directory.rglob("manifest.json"):
        schema = int(json.loads(manifest.read_text())["version"].split(".")[0])
        assert schema <= read_by_cdk_cli()
        assert schema <= read_by_cdk_assets()


def test_the_installed_tools_are_the_pinned_ones() -> None:
    pins = json.loads((REPOSITORY / "package.json").read_text())["dependencies"]
    for name, version in pins.items():
        package = json.loads((REPOSITORY / f"node_modules/{name}/package.json").read_text())
        assert package["version"] == version


def test_a_range_in_place_of_a_pin_stops_the_synthesis(tmp_path: Path) -> None:
    package = tmp_path / "package.json"
    package.write_text('{"dependencies": {"aws-cdk": "^2.1148.1", "cdk-assets": "4.7.3"}}')
    with pytest.raises(ValueError, match=r"must pin aws-cdk exactly, but says '\^2.1148.1'"):
        pinned_tools(package)
