"""One more service costs its own folder, one line in stages/, and the accept command.

Proved by doing exactly that in a scratch checkout, with a service that is a nested stack: what is
synthesized there has its API in every environment, its address reaches the smoke tests, their role
may call it, its alarms stand on the dashboard, and no gate of ours finds anything once the change
was accepted. Not proved: that it deploys (the rehearsal deploys what ships), and that it passes its
smoke tests: those are a file of its own, integ/test_empty_api.py, without which a run fails.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.application_templates import ENVIRONMENTS, REPOSITORY, plain
from tests.support.synthesis import copy_checkout, share_staged_assets

EMPTY_SERVICE = REPOSITORY / "tests/support/empty_service"
LIST = "stages/services.py"
FIRST_ENTRY = '    "requests",\n'
# What stands in every environment beside a service's own resources.
URL = "TAP_EMPTY_API_URL"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with one service more, its change accepted."""
    folder = tmp_path_factory.mktemp("another-service") / "checkout"
    made = copy_checkout(folder, more=("docs/openapi",))
    share_staged_assets(made)
    shutil.copytree(EMPTY_SERVICE, made / "services/empty")
    for lock in ("requirements.in", "requirements.txt"):
        shutil.copy2(
            REPOSITORY / "services/requests/runtime" / lock, made / "services/empty/runtime"
        )
    text = (made / LIST).read_text()
    assert text.count(FIRST_ENTRY) == 1
    (made / LIST).write_text(text.replace(FIRST_ENTRY, FIRST_ENTRY + '    "empty",\n'))
    run(made, "scripts/accept")
    run(made, "scripts/synth")
    return made


def run(checkout: Path, script: str) -> str:
    done = subprocess.run(
        [str(checkout / script)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module", params=ENVIRONMENTS, ids=[each.name for each in ENVIRONMENTS])
def template(request: pytest.FixtureRequest, checkout: Path) -> Any:
    """The stack of an environment; the service's own resources are in a nested one."""
    assembly = checkout / f"cdk.out/assembly-TapPipelineStack-{request.param.stage}"
    (path,) = (p for p in assembly.glob("*.template.json") if ".nested." not in p.name)
    return json.loads(path.read_text())


def resources(template: Any, kind: str) -> dict[str, Any]:
    found = template["Resources"].items()
    return {name: plain(each["Properties"]) for name, each in found if each["Type"] == kind}


def own_stack(template: Any) -> str:
    """The logical id of the service's nested stack, which stands beside those of others."""
    (nested,) = (
        name for name in resources(template, "AWS::CloudFormation::Stack") if "Empty" in name
    )
    return nested


def test_the_gates_ask_only_what_others_ask_of_every_function_and_api(checkout: Path) -> None:
    """Rules of ours find nothing; those of others are acknowledged by name, by whoever adds it."""
    findings = checkout / "findings.json"
    gates = [str(checkout / "scripts/gates"), "--json", str(findings)]
    subprocess.run(gates, check=False, timeout=300)
    found = json.loads(findings.read_text())["findings"]
    assert {each["path"].split("/")[3] for each in found} == {"Empty"}
    assert [each for each in found if each["rule"].startswith(("TAP", "ACK"))] == []


def test_its_description_is_written_by_the_accept_command(checkout: Path) -> None:
    document = json.loads((checkout / "docs/openapi/empty.json").read_text())
    assert "EmptyApiUrl" in document["servers"][0]["description"]


def test_every_environment_has_its_address_beside_the_others(template: Any) -> None:
    assert {"RequestsApiUrl", "EmptyApiUrl", "EmptyFunctionArn"} <= template["Outputs"].keys()
    assert f"<{own_stack(template)}>" in plain(template["Outputs"]["EmptyApiUrl"]["Value"])


def test_the_smoke_role_may_call_its_route_and_no_other(template: Any) -> None:
    (policy,) = (
        policy
        for name, policy in resources(template, "AWS::IAM::Policy").items()
        if name.startswith("SmokeRole")
    )
    (statement,) = policy["PolicyDocument"]["Statement"]
    ours = [each for each in statement["Resource"] if f"<{own_stack(template)}>" in each]
    assert [each.rpartition(">")[2] for each in ours] == ["/GET/"]


def test_its_alarms_stand_beside_the_others_and_name_its_own_runbook(template: Any) -> None:
    alarms = resources(template, "AWS::CloudWatch::Alarm").values()
    ours = [alarm for alarm in alarms if re.match(r"tap-[a-z]+-empty", alarm["AlarmName"])]
    assert len(ours) == 5
    assert all("docs/runbooks/empty-service.md#empty" in a["AlarmDescription"] for a in ours)


def test_every_smoke_step_is_told_its_address(checkout: Path) -> None:
    stack = json.loads((checkout / "cdk.out/TapPipelineStack.template.json").read_text())
    (pipeline,) = resources(stack, "AWS::CodePipeline::Pipeline").values()
    told = [
        variable["value"]
        for stage in pipeline["Stages"]
        for action in stage["Actions"]
        for variable in json.loads(action["Configuration"].get("EnvironmentVariables", "[]"))
        if variable["name"] == URL
    ]
    assert len(told) == len(ENVIRONMENTS)
    assert all(value.endswith(".EmptyApiUrl}") for value in told)
