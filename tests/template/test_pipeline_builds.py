"""Every CodeBuild project runs what was chosen, in what was chosen, and leaves traces that end.

Proves it for each project in the template, the generated ones included, and that the pinned tools
can read the assembly that they are given. Does not prove that the image offers those runtimes:
that is what its user guide says.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipeline.tools import pinned_tools
from tests.support.synthesis import REPOSITORY, Assembly

PROJECTS = [
    "tap-pipeline-synth",
    "tap-pipeline-selfmutate",
    "tap-pipeline-assets",
    "tap-pipeline-smoke-dev",
    "tap-pipeline-smoke-prod",
]
# `npm install` and its kin, with what follows.
INSTALLS = re.compile(r"\b(?:npm (?:install|i|exec)|npx|pip3? install|yarn add)\s+(.*)")


@pytest.fixture(params=PROJECTS)
def project(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def unpinned(commands: list[str]) -> list[str]:
    """The tools that `commands` install in no exact version."""
    installed = [match[1] for command in commands if (match := INSTALLS.search(command))]
    tools = [word for words in installed for word in words.split() if not word.startswith("-")]
    return [tool for tool in tools if not re.search(r"(@|==)\d+\.\d+\.\d+$", tool)]


@pytest.mark.parametrize(
    "command",
    [
        "npm install -g aws-cdk@2",
        "npm install -g cdk-assets@latest",
        "npx cdk deploy",
        "pip install x",
    ],
)
def test_an_unpinned_install_would_be_noticed(command: str) -> None:
    assert unpinned([command])


def test_no_build_installs_an_unpinned_tool(assembly: Assembly, project: str) -> None:
    assert unpinned(assembly.commands(project)) == []


def test_the_generated_builds_install_the_versions_of_package_json(assembly: Assembly) -> None:
    pins = json.loads((REPOSITORY / "package.json").read_text())["dependencies"]
    (cli,) = (c for c in assembly.commands("tap-pipeline-selfmutate") if c.startswith("npm"))
    (publisher,) = (c for c in assembly.commands("tap-pipeline-assets") if c.startswith("npm"))
    assert cli == f"npm install -g aws-cdk@{pins['aws-cdk']}"
    assert publisher == f"npm install -g cdk-assets@{pins['cdk-assets']}"


def test_no_buildspec_in_the_assembly_was_overlooked(assembly: Assembly) -> None:
    files = {path.name for path in assembly.directory.rglob("buildspec-*")}
    used = {project["Source"]["BuildSpec"] for project in assembly.projects.values()}
    assert files
    assert files <= used


def test_a_build_states_its_runtimes_and_its_image(assembly: Assembly, project: str) -> None:
    install = assembly.buildspec(project)["phases"]["install"]
    assert install["runtime-versions"] == {"python": "3.12", "nodejs": "24"}
    image = assembly.projects[project]["Environment"]["Image"]
    assert image == "aws/codebuild/amazonlinux-x86_64-standard:6.0"


def test_a_build_is_not_privileged_and_does_not_hang(assembly: Assembly, project: str) -> None:
    properties = assembly.projects[project]
    assert properties["Environment"]["PrivilegedMode"] is False
    assert properties["TimeoutInMinutes"] <= 20


def test_every_log_ends(assembly: Assembly) -> None:
    groups = assembly.resources("AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups} == {365}


def test_a_failing_smoke_test_still_leaves_its_report(assembly: Assembly) -> None:
    for environment in ("dev", "prod"):
        spec = assembly.buildspec(f"tap-pipeline-smoke-{environment}")
        name = f"report-group/tap-pipeline-smoke-{environment}"
        group = f"arn:aws:codebuild:us-west-2:111111111111:{name}"
        report = {"files": ["smoke.xml"], "base-directory": "reports", "file-format": "JUNITXML"}
        assert spec["reports"] == {group: report}
        assert spec["artifacts"]["base-directory"] == "reports"


def test_the_smoke_tests_are_told_what_to_test(assembly: Assembly) -> None:
    for stage, account in (("Dev", "222222222222"), ("Prod", "333333333333")):
        environment = stage.lower()
        project = assembly.projects[f"tap-pipeline-smoke-{environment}"]["Environment"]
        fixed = {each["Name"]: each["Value"] for each in project["EnvironmentVariables"]}
        action = assembly.action(stage, "Smoke")["Configuration"]["EnvironmentVariables"]
        resolved = {each["name"]: each["value"] for each in json.loads(action)}
        deploy = assembly.action(stage, f"tap-{environment}.Deploy")
        source = assembly.action("Source", "Source")
        assert fixed["TAP_ENVIRONMENT"] == environment
        assert fixed["TAP_SMOKE_ROLE_ARN"] == f"arn:aws:iam::{account}:role/tap-{environment}-smoke"
        assert resolved == {
            "TAP_REQUESTS_API_URL": f"#{{{deploy['Namespace']}.RequestsApiUrl}}",
            "TAP_COMMIT": f"#{{{source['Namespace']}.CommitId}}",
        }


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
