"""A bake time is one setting: the stage asks a build after its success, and nothing else may.

Proves what it synthesizes to for an environment in between and for the guarded one, that such a
pipeline breaks no rule but those about reviewed texts and bootstraps, which are of the settings in
cdk.json, that hostile edits of it are reported, and that the guardrail of tools lets it through.
What the build makes of alarms is tests/promotion/test_watched_alarms.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.guardrail.rule_file import rules as guard_rules
from accounts.guardrail.target import Target
from gates.delivery import Delivery
from gates.rules import RULES, check
from gates.tools import guard, nag
from settings import Settings
from tests.gates.drafts import Draft
from tests.gates.explained import pipeline_copy, unexplained
from tests.gates.guard_mutants import build_commands, set_commands
from tests.gates.mutants import PROD_DEPLOY, allow
from tests.support.cfn_guard import failing
from tests.support.synthesis import REPOSITORY, Assembly, with_settings

DEV = {"name": "dev", "account": "222222222222", "disposable": True, "rollback": True}
PROD = {"name": "prod", "account": "333333333333"}
ENVIRONMENTS = [{**DEV, "bake_minutes": 5}, {**PROD, "bake_minutes": 30}]


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return with_settings(tmp_path_factory.mktemp("bake") / "baked", environments=ENVIRONMENTS)


@pytest.fixture(scope="module")
def delivery(baked: Assembly) -> Delivery:
    return Delivery.read(baked.directory, baked.directory.parent)


def success(assembly: Assembly, stage: str) -> Any:
    (found,) = (each for each in assembly.pipeline["Stages"] if each["Name"] == stage)
    (condition,) = found["OnSuccess"]["Conditions"]
    return condition


@pytest.mark.parametrize(("name", "minutes", "longest"), [("dev", 5, 13), ("prod", 30, 38)])
def test_each_environment_is_watched_by_a_build_of_its_own_for_its_minutes(
    baked: Assembly, name: str, minutes: int, longest: int
) -> None:
    condition = success(baked, name.capitalize())
    (rule,) = condition["Rules"]
    assert (condition["Result"], rule["Name"]) == ("ROLLBACK", f"{name.capitalize()}Bake")
    assert rule["RuleTypeId"]["Provider"] == "CodeBuild"
    project = f"tap-pipeline-bake-{name}"
    assert baked.projects[project]["TimeoutInMinutes"] == longest
    watch = baked.commands(project)[-1]
    assert watch.startswith(f"bash scripts/bake tap-{name}- --minutes {minutes} ")
    assert f"cdk-hnb659fds-preview-role-{'2' * 12 if name == 'dev' else '3' * 12}-" in watch


def test_it_breaks_no_rule_but_differs_from_what_was_reviewed(delivery: Delivery) -> None:
    found = check(delivery)
    broken = {each.rule for each in found if not each.path.startswith("accounts/bootstrap/")}
    assert broken == {"TAP-701"}


def test_the_tools_find_nothing_in_it_that_is_not_acknowledged(
    delivery: Delivery, tmp_path: Path
) -> None:
    copy = pipeline_copy(delivery, tmp_path)
    found = [*guard.findings(copy, REPOSITORY), *nag.findings(copy, tmp_path / "nag")]
    assert unexplained(found, delivery) == []


def on_success(draft: Draft) -> Any:
    return draft.stage("Prod")["OnSuccess"]["Conditions"][0]


def dropped(draft: Draft) -> None:
    del draft.stage("Prod")["OnSuccess"]


def failing_only(draft: Draft) -> None:
    on_success(draft)["Result"] = "FAIL"


def shorter(draft: Draft) -> None:
    (command,) = build_commands(draft, "bake-prod")
    set_commands(draft, "bake-prod", [command.replace("--minutes 30", "--minutes 0")])


def elsewhere(draft: Draft) -> None:
    (command,) = build_commands(draft, "bake-prod")
    set_commands(draft, "bake-prod", [command.replace("tap-prod-", "tap-prod-nothing-")])


def forgiving(draft: Draft) -> None:
    (command,) = build_commands(draft, "bake-prod")
    set_commands(draft, "bake-prod", [f"{command} || true"])


def called_a_rollback(draft: Draft) -> None:
    configuration = on_success(draft)["Rules"][0]["Configuration"]
    told = configuration["EnvironmentVariables"]
    execution = "#{codepipeline.PipelineExecutionId}"
    configuration["EnvironmentVariables"] = told.replace(execution, "an-old-rollback")


def alarm_in_its_place(draft: Draft) -> None:
    rule = on_success(draft)["Rules"][0]
    rule["RuleTypeId"]["Provider"] = "CloudWatchAlarm"
    rule["Configuration"] = {"AlarmName": "calm"}


def deploys(draft: Draft) -> None:
    draft.rights_of("Rolebakeprod").append(allow("sts:AssumeRole", PROD_DEPLOY))


def lifts(draft: Draft) -> None:
    draft.rights_of("Rolebakeprod").append(allow("s3:PutObject"))


def beside_the_entry(draft: Draft) -> None:
    draft.stage("Preview")["OnSuccess"] = draft.stage("Prod")["OnSuccess"]


HOSTILE: list[tuple[str, Callable[[Draft], None]]] = [
    ("TAP-441", dropped),
    ("TAP-441", failing_only),
    ("TAP-403", failing_only),
    ("TAP-441", shorter),
    ("TAP-441", elsewhere),
    ("TAP-441", forgiving),
    ("TAP-441", called_a_rollback),
    ("TAP-441", alarm_in_its_place),
    ("TAP-441", deploys),
    ("TAP-426", deploys),
    ("TAP-441", lifts),
    ("TAP-426", lifts),
    ("TAP-403", beside_the_entry),
]


@pytest.mark.parametrize(("rule", "edit"), HOSTILE)
def test_hostile_edits_of_it_are_reported(
    delivery: Delivery, rule: str, edit: Callable[[Draft], None]
) -> None:
    draft = Draft.of(delivery)
    edit(draft)
    assert list(RULES[rule].findings(draft.delivery))


def test_the_guardrail_of_tools_wants_it_where_the_settings_do(
    baked: Assembly, delivery: Delivery, tmp_path: Path
) -> None:
    settings = Settings.of_checkout(baked.directory.parent)
    file = tmp_path / "tools.guard"
    file.write_text(guard_rules(REPOSITORY, settings, Target.of(settings, "tools")))
    templates = [baked.template]
    for edit in (dropped, failing_only, beside_the_entry):
        draft = Draft.of(delivery)
        edit(draft)
        templates.append(draft.template())
    ours, *others = failing(file, templates, tmp_path)
    assert ours == set()
    assert others == [{"SUCCESS_IS_NOT_OVERRULED"}] * 3
