"""The tools are run, over everything, and cannot be hushed by what they judge.

This proves it with templates that each tool must object to: in a nested stack, in a bootstrap
template, and with every suppression that the tools know written into them. What the tools find in
general is their authors' business.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assembly.intended import Intended
from assembly.templates import Assembly, template_file
from gates.__main__ import CHECKOUT, main
from gates.acknowledgements import Judged
from gates.dead_letters import WANT_ONE, without_false_alarms
from gates.delivery import Delivery
from gates.finding import JUDGED_BY, Finding, deduplicated
from gates.report import text
from gates.rules import RULES
from gates.tools import copies, guard, lint, nag, secrets
from tests.gates.cases import FILE, PROD, arn, delivery, manifest, resource

SUPPRESSED = {
    "cfn-lint": {"config": {"ignore_checks": ["E", "W", "WS1000"]}},
    "guard": {"SuppressedRules": ["tap_logs_have_an_end", "CT.S3.PR.9"]},
    "cdk_nag": {"rules_to_suppress": [{"id": "AwsSolutions-S1", "reason": ""}]},
    "aws:cdk:path": "Pipeline/Dev/Files/Bucket",
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    """A stack of prod with a nested one, both full of mistakes, and a bootstrap template."""
    folder = tmp_path_factory.mktemp("cdk.out")
    nested = {
        "Bucket": resource("AWS::S3::Bucket", declared={"Metadata": SUPPRESSED}),
        "Logs": resource("AWS::Logs::LogGroup"),
        "Wrong": resource("AWS::SNS::Topic", NoSuchProperty=1),
    }
    parent = resource(
        "AWS::CloudFormation::Stack",
        declared={"Metadata": {"aws:asset:path": "n.nested.template.json"}},
    )
    files: dict[str, Any] = {
        "n.nested.template.json": {
            "Resources": nested,
            "Metadata": {"cfn-lint": {"config": {"ignore_checks": ["E", "W"]}}},
        },
        "s.template.json": {"Resources": {"Files": parent}},
        "manifest.json": manifest(PROD, "s.template.json"),
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    bootstrap = folder / "bootstrap.yaml"
    bootstrap.write_text("Resources: {Staging: {Type: 'AWS::S3::Bucket'}}")
    others = (template_file(bootstrap, CHECKOUT),)
    return Delivery(Assembly.read(folder), Intended.of_checkout(CHECKOUT), CHECKOUT, others)


@pytest.fixture(scope="module")
def copied(judged: Delivery, tmp_path_factory: pytest.TempPathFactory) -> copies.Copies:
    return copies.write(judged, tmp_path_factory.mktemp("copies"))


def found(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(finding.rule, finding.path) for finding in findings}


def test_a_nested_stack_belongs_to_the_account_of_its_parent(judged: Delivery) -> None:
    (nested,) = (each for each in judged.templates if each.nested)
    assert nested.stack is not None
    assert nested.stack.account == "333333333333"


def test_cdk_nag_sees_nested_and_bootstrap_templates(copied: copies.Copies, tmp_path: Path) -> None:
    findings = found(nag.findings(copied, tmp_path))
    assert ("AwsSolutions-S1", "Pipeline/Dev/Files/Bucket") in findings
    assert any(path.endswith("bootstrap.yaml/Staging") for _, path in findings)


def test_cfn_lint_cannot_be_hushed(copied: copies.Copies) -> None:
    assert ("E3002", "n.nested.template.json/Wrong") in found(lint.findings(copied))


def test_cfn_guard_runs_control_towers_rules_and_ours(copied: copies.Copies) -> None:
    findings = found(guard.findings(copied, CHECKOUT))
    assert ("TAP.LOGS.1", "n.nested.template.json/Logs") in findings
    assert ("CT.S3.PR.9", "Pipeline/Dev/Files/Bucket") in findings


def test_a_secret_is_found_and_a_comment_does_not_hide_it(tmp_path: Path) -> None:
    key = "AKIA" + "Q3EGRZ7YVFLTBXMD"
    (tmp_path / "settings.py").write_text(f'KEY = "{key}"  # pragma: allowlist secret\n')
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/x.py").write_text(f'KEY = "{key}"\n')
    assert {finding.path for finding in secrets.scan(tmp_path)} == {"settings.py"}


def test_an_assembly_without_templates_is_an_error_and_not_clean(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"artifacts": {}}')
    assert main(["--assembly", str(tmp_path)]) == 2


def test_a_dead_letter_queue_is_not_told_to_have_one_and_any_other_is() -> None:
    redrive = {"deadLetterTargetArn": arn("Lost"), "maxReceiveCount": 3}
    judged = delivery(
        Lost=resource("AWS::SQS::Queue"),
        Work=resource("AWS::SQS::Queue", RedrivePolicy=redrive),
        Bare=resource("AWS::SQS::Queue"),
    )
    paths = [f"{FILE}/{name}" for name in ("Lost", "Work", "Bare")]
    said = [Finding(path, FILE, rule, "why", "fix") for path in paths for rule in WANT_ONE]
    encrypted = Finding(paths[0], FILE, "CT.SQS.PR.2", "why", "fix")
    left = without_false_alarms([*said, encrypted], judged)
    assert [each for each in left if each.path == paths[0]] == [encrypted]
    assert len([each for each in left if each.path == paths[2]]) == len(WANT_ONE)


def test_a_finding_is_told_once_and_what_says_the_same_not_at_all() -> None:
    latest = Finding("A", "t", "AwsSolutions-L1", "why", "fix")
    same = Finding("A", "t", "Serverless-LambdaLatestVersion", "why", "fix")
    alone = Finding("B", "t", "Serverless-LambdaLatestVersion", "why", "fix")
    assert deduplicated([latest, same, latest, alone]) == [latest, alone]


def test_a_finding_reads_like_a_compilers() -> None:
    finding = Finding("Tap/Bucket", "t.json", "TAP-201", "the data goes", "keep it", "Delete")
    assert text(Judged([finding], [], []), 1.5).splitlines() == [
        "Tap/Bucket: TAP-201 [Delete]",
        "    in   t.json",
        "    why  the data goes",
        "    fix  keep it",
        "",
        "gates: 1 finding; 0 acknowledged for 0 reasons (1.5 s)",
    ]


def test_a_difference_stands_below_its_finding() -> None:
    finding = Finding("role x", "", "TAP-701", "it differs", "review it", "- old\n+ new")
    assert text(Judged([finding], [], []), 0).splitlines()[:6] == [
        "role x: TAP-701",
        "    why  it differs",
        "    fix  review it",
        "    note cannot be acknowledged",
        "    - old",
        "    + new",
    ]


def test_the_command_exits_with_two_when_it_cannot_judge(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gates", "--assembly", str(tmp_path / "nothing")]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cannot judge" in done.stderr


def test_what_a_rule_of_ours_judges_everywhere_is_not_told_by_others() -> None:
    """Each would have to be acknowledged anew for every route and every log."""
    found = [Finding("Api/POST", "", rule, "why", "fix") for rule in JUDGED_BY]
    assert deduplicated(found) == []
    judges = {*RULES, *re.findall(r"\[(TAP[.\w]+)\]", guard.OUR_RULES.read_text())}
    assert set(JUDGED_BY.values()) <= judges
