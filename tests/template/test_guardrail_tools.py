"""The guardrail of tools lets our pipeline through, and no other, whoever agreed to it.

Proves, with the engine that the hook runs (the cfn-guard binary): the rules pass on the synthesized
pipeline, for every kind of source, and each fails on a template that breaks it alone. Does not
prove that CloudFormation calls the hook: the emulator has none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from accounts.guardrail.rule_file import rules, write_rules
from accounts.guardrail.stack import STACK, GuardrailStack
from accounts.guardrail.target import Target
from gates.shape.promotion import CONDITION
from settings import Settings
from tests.support.apps import scratch_app
from tests.support.bootstrap import SETTINGS
from tests.support.cfn_guard import Template, excerpt, failing
from tests.support.synthesis import REPOSITORY, Assembly

TARGET = Target.of(SETTINGS, "tools")
Change = Callable[[Template], object]


def pipeline(template: Template) -> Any:
    kind = "AWS::CodePipeline::Pipeline"
    found = (each for each in template["Resources"].values() if each["Type"] == kind)
    return next(found)["Properties"]


def stage(template: Template, name: str) -> Any:
    return next(each for each in pipeline(template)["Stages"] if each["Name"] == name)


def source(**values: Any) -> Change:
    return lambda t: stage(t, "Source")["Actions"][0]["Configuration"].update(values)


def without(name: str) -> Change:
    return lambda t: pipeline(t)["Stages"].remove(stage(t, name))


def condition(name: str, **values: Any) -> Change:
    def change(template: Template) -> None:
        entry = stage(template, "Guards")["BeforeEntry"]
        if name != "Guards":
            stage(template, name)["BeforeEntry"] = deepcopy(entry)
        else:
            entry["Conditions"][0]["Rules"][0]["Configuration"].update(values)

    return change


def second_rule(template: Template) -> None:
    rules_ = stage(template, "Guards")["BeforeEntry"]["Conditions"][0]["Rules"]
    rules_.append(deepcopy(rules_[0]))


def beside_the_approval(template: Template) -> None:
    actions = stage(template, "Promote")["Actions"]
    actions.append({**deepcopy(actions[0]), "Name": "Another"})


def build_in_place_of(name: str) -> Change:
    kind = {"Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1"}
    return lambda t: stage(t, name)["Actions"][0].update(ActionTypeId=kind)


def told_what_to_find(template: Template) -> None:
    compare = stage(template, "Compare")["Actions"][0]["Configuration"]
    compare["EnvironmentVariables"] = "[]"


def grants(action: Any, key: str = "Action") -> Change:
    statement = {"Effect": "Allow", key: action, "Resource": "*"}

    def change(template: Template) -> None:
        policies = (e for e in template["Resources"].values() if e["Type"] == "AWS::IAM::Policy")
        next(policies)["Properties"]["PolicyDocument"]["Statement"].append(statement)

    return change


def adds(kind: str, **values: Any) -> Change:
    return lambda t: t["Resources"].update(Added={"Type": kind, "Properties": values})


def second_pipeline(template: Template) -> None:
    other = {"Type": "AWS::CodePipeline::Pipeline", "Properties": deepcopy(pipeline(template))}
    other["Properties"]["Name"] = "hotfix"
    template["Resources"]["Hotfix"] = other


def project_of_the_commit(template: Template) -> None:
    for each in template["Resources"].values():
        if each["Properties"].get("Name") == "tap-pipeline-guards":
            each["Properties"]["Source"]["BuildSpec"] = "buildspec.yml"


def managed(template: Template) -> None:
    roles = (each for each in template["Resources"].values() if each["Type"] == "AWS::IAM::Role")
    next(roles)["Properties"]["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/PowerUserAccess"]


def at_entry(template: Template) -> Any:
    """The condition under which Prod is entered."""
    (found,) = stage(template, "Prod")["BeforeEntry"]["Conditions"]
    return found


def unasked(template: Template) -> None:
    """Another rule in the place of the one that asks."""
    at_entry(template)["Rules"][0]["Name"] = "ProdWindow"


def passed_by(template: Template) -> None:
    at_entry(template)["Result"] = "SKIP"


def told_otherwise(name: str) -> Change:
    """Another variable in the place of the page's."""

    def change(template: Template) -> None:
        configuration = at_entry(template)["Rules"][0]["Configuration"]
        told = configuration["EnvironmentVariables"]
        configuration["EnvironmentVariables"] = told.replace(f"Preview.{name}", "Source.CommitId")

    return change


def asks_only(command: str) -> Change:
    """The build at the entry runs something else in the place of `command`."""

    def change(template: Template) -> None:
        for each in template["Resources"].values():
            if each["Properties"].get("Name") == "tap-pipeline-enter-prod":
                source_ = each["Properties"]["Source"]
                source_["BuildSpec"] = source_["BuildSpec"].replace(command, "true ")

    return change


HOSTILE: list[tuple[str, Change]] = [
    ("ONE_PIPELINE", second_pipeline),
    ("ONE_PIPELINE", adds("AWS::CodePipeline::Webhook")),
    ("ONE_PIPELINE", adds("AWS::Scheduler::Schedule")),
    ("ONE_PIPELINE", lambda t: pipeline(t).update(PipelineType="V1")),
    ("ONE_PIPELINE", lambda t: t.update(Resources={})),
    ("FUNCTIONS_ARE_THESE", adds("AWS::Lambda::Function")),
    ("FUNCTIONS_ARE_THESE", adds("AWS::Lambda::Function", FunctionName="tap-pipeline-answers")),
    ("NO_TRANSFORMS", lambda t: t.update(Transform="AWS::Include")),
    ("SOURCE_IS_THE_CONFIGURED_ONE", source(FullRepositoryId="a-fork/of-it")),
    ("SOURCE_IS_THE_CONFIGURED_ONE", source(BranchName="feature")),
    ("SOURCE_IS_THE_CONFIGURED_ONE", source(ConnectionArn={"Ref": "Theirs"})),
    ("SOURCE_IS_THE_CONFIGURED_ONE", build_in_place_of("Source")),
    ("STAGES_ARE_THESE", without("Guards")),
    ("STAGES_ARE_THESE", without("Promote")),
    ("STAGES_ARE_THESE", lambda t: pipeline(t)["Stages"].reverse()),
    ("STAGES_ARE_THESE", lambda t: pipeline(t)["Stages"].append({"Name": "Fix", "Actions": []})),
    ("GUARDS_ASK_A_PERSON", build_in_place_of("Guards")),
    ("GUARDS_ASK_A_PERSON", condition("Guards", Operator="EQ")),
    ("GUARDS_ASK_A_PERSON", condition("Guards", Variable="#{Other.unchanged}")),
    ("GUARDS_ASK_A_PERSON", condition("Guards", Value="never")),
    ("GUARDS_ASK_A_PERSON", second_rule),
    ("GUARDS_ASK_A_PERSON", told_what_to_find),
    ("PROMOTION_ASKS_A_PERSON", build_in_place_of("Promote")),
    ("PROMOTION_ASKS_A_PERSON", condition("Promote")),
    ("PROMOTION_ASKS_A_PERSON", beside_the_approval),
    ("STAGES_ARE_THESE", without("Preview")),
    ("APPROVED_IS_DEPLOYED", lambda t: stage(t, "Preview")["Actions"][0].pop("Namespace")),
    ("APPROVED_IS_DEPLOYED", lambda t: stage(t, "Prod").pop("BeforeEntry")),
    ("APPROVED_IS_DEPLOYED", unasked),
    ("APPROVED_IS_DEPLOYED", told_otherwise("digest")),
    ("APPROVED_IS_DEPLOYED", told_otherwise("running")),
    ("APPROVED_IS_DEPLOYED", asks_only("scripts/held Prod ")),
    ("APPROVED_IS_DEPLOYED", asks_only("scripts/confirm ")),
    ("APPROVED_IS_DEPLOYED", passed_by),
    ("NOTHING_ELSE_IS_SKIPPED", condition("Dev")),
    ("NOTHING_ELSE_IS_SKIPPED", lambda t: stage(t, "Dev").update(OnFailure={"Result": "SKIP"})),
    ("SUCCESS_IS_NOT_OVERRULED", lambda t: stage(t, "Dev").update(OnSuccess={"Conditions": []})),
    ("BAD_RELEASES_COME_BACK", lambda t: stage(t, "Prod").pop("OnFailure")),
    ("NO_ROLE_STARTS_OR_ANSWERS", grants("codepipeline:List*")),
    ("NO_ROLE_STARTS_OR_ANSWERS", grants("codepipeline:GetJobDetails")),
    ("NO_ROLE_STARTS_OR_ANSWERS", grants("codepipeline:StartPipelineExecution")),
    ("NO_ROLE_STARTS_OR_ANSWERS", grants(["s3:GetObject", "CodePipeline:Put*"])),
    ("NO_ROLE_STARTS_OR_ANSWERS", grants("codepipeline:GetAndPutApprovalResult*")),
    ("NO_ROLE_STARTS_OR_ANSWERS", grants("codepipeline:GetPipeline*")),
    ("NO_ROLE_STARTS_OR_ANSWERS", grants("*")),
    ("NO_ROLE_STARTS_OR_ANSWERS", grants("code*:*")),
    ("NO_ROLE_STARTS_OR_ANSWERS", grants("iam:*", "NotAction")),
    ("ROLES_HAVE_NO_MANAGED_POLICIES", managed),
    ("COMPARISON_IS_INLINE", project_of_the_commit),
]


@pytest.fixture(scope="module")
def written() -> Path:
    return write_rules(REPOSITORY, SETTINGS, TARGET)


def test_our_pipeline_passes_and_what_hostile_commits_would_deploy_is_stopped(
    assembly: Assembly, written: Path, tmp_path: Path
) -> None:
    small = excerpt(assembly.template, "AWS::CodeBuild::Project")
    hostile = [deepcopy(small) for _ in HOSTILE]
    for (_, change), template in zip(HOSTILE, hostile, strict=True):
        change(template)
    ours, unedited, *stopped = failing(written, [assembly.template, small, *hostile], tmp_path)
    assert ours == unedited == set()
    survivors = [
        (number, rule) for number, (rule, _) in enumerate(HOSTILE) if rule not in stopped[number]
    ]
    assert survivors == []


def test_every_rule_for_tools_has_a_template_that_breaks_it() -> None:
    lines = TARGET.rules.read_text().splitlines()
    assert {line.split()[1] for line in lines if line.startswith("rule ")} == {
        rule for rule, _ in HOSTILE
    }


def test_the_rules_follow_the_settings() -> None:
    values = json.loads((REPOSITORY / "cdk.json").read_text())["context"]["tap"]
    values["source"] = {"type": "s3", "bucket": "sources", "key": "app.zip"}
    entry = {"name": "staging", "account": "444444444444"}
    values["environments"].insert(-1, entry)
    settings = Settings.parse(values)
    text = rules(REPOSITORY, settings, Target.of(settings, "tools"))
    assert "S3ObjectKey == 'app.zip'" in text
    assert "Stages[7].Name == 'Staging'" in text
    assert "Stages[8].Name == 'Preview'" in text
    assert "Stages[9] {" in text
    assert "__" not in text.partition("let pipelines")[2]


def test_the_approval_is_skipped_only_where_the_settings_say_so(
    assembly: Assembly, tmp_path: Path
) -> None:
    values = json.loads((REPOSITORY / "cdk.json").read_text())["context"]["tap"]
    settings = Settings.parse({**values, "skip_approval_without_changes": True})
    file = tmp_path / "tools.guard"
    file.write_text(rules(REPOSITORY, settings, Target.of(settings, "tools")))
    skipping, otherwise = (deepcopy(assembly.template) for _ in range(2))
    stage(skipping, "Promote")["BeforeEntry"] = deepcopy(CONDITION)
    other = deepcopy(CONDITION)
    other["Conditions"][0]["Rules"][0]["Configuration"]["Value"] = "true"
    stage(otherwise, "Promote")["BeforeEntry"] = other
    fine, stopped = failing(file, [skipping, otherwise], tmp_path)
    assert fine == set()
    assert stopped == {"PROMOTION_ASKS_A_PERSON"}


def test_there_is_no_guardrail_for_an_environment_that_nobody_guards() -> None:
    with pytest.raises(ValueError, match="no guardrail for dev: there are tools and prod"):
        Target.of(SETTINGS, "dev")


def test_the_hook_is_in_tools_and_for_what_the_pipeline_deploys_there() -> None:
    env = cdk.Environment(account=TARGET.account, region=SETTINGS.region)
    app = scratch_app()
    GuardrailStack(app, STACK, target=TARGET, env=env)
    template = app.synth().get_stack_by_name(STACK).template
    kind = "AWS::CloudFormation::GuardHook"
    (hook,) = (e["Properties"] for e in template["Resources"].values() if e["Type"] == kind)
    role = f"cdk-hnb659fds-cfn-exec-role-{TARGET.account}-{SETTINGS.region}"
    assert hook["StackFilters"]["StackRoles"] == {
        "Include": [f"arn:aws:iam::{TARGET.account}:role/{role}"]
    }
    assert (hook["Alias"], hook["FailureMode"]) == ("Tap::Guardrail::Tools", "FAIL")
