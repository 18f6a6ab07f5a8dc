"""Conditions that AWS refuses, one change each, and when a deployment window is open.

Proves the reasons of the refusals and what a cron expression means. That AWS refuses them is from
its documentation; it was not tried.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from embedded_aws.codepipeline.conditions import window
from embedded_aws.codepipeline.conditions.cron import Cron, CronError
from embedded_aws.codepipeline.definition import parse
from embedded_aws.codepipeline.requests import StructureError
from tests.embedded_aws.pipelines import (
    REGION,
    action,
    check,
    conditions,
    properties,
    rule,
    with_conditions,
)

STAGES = (
    ("Build", [action("Make", Namespace="Made", OutputArtifacts=[{"Name": "Out"}])]),
    ("Dev", [action("Deploy", Namespace="Deployed", OutputArtifacts=[{"Name": "Url"}])]),
)
CODE = [{"Name": "Code"}]
RIGHT = check("#{Made.Digest}", "NE", "#{variables.Old}")


def parsed(stage: str = "Dev", *, kind: str = "V2", **given: Any) -> Any:
    """The structure of a pipeline whose stage has these conditions."""
    variables = {"Variables": [{"Name": "Old", "DefaultValue": "x"}]} if kind == "V2" else {}
    plain = properties(*STAGES, PipelineType=kind, **variables)
    return parse(with_conditions(plain, stage, **given), "delivery", REGION)


def before(result: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"BeforeEntry": conditions(result, *rules)}


def window_rule(**configuration: str) -> dict[str, Any]:
    return rule("Window", "DeploymentWindow", Configuration=configuration)


WRONG: list[tuple[dict[str, Any], str]] = [
    (before("ROLLBACK", RIGHT), "beforeEntry: a condition there needs the result FAIL or SKIP"),
    (before("RETRY", RIGHT), "needs the result FAIL or SKIP, not RETRY"),
    ({"OnSuccess": conditions("SKIP", RIGHT)}, "onSuccess: .* result FAIL or ROLLBACK, not SKIP"),
    ({"OnFailure": conditions("FAIL", RIGHT)}, "onFailure: .* needs the result ROLLBACK, not FAIL"),
    (
        {"OnFailure": {"Result": "SKIP"}},
        "onFailure may have the result ROLLBACK or RETRY, not SKIP",
    ),
    ({"OnFailure": {"Result": "STOP"}}, r"onFailure.result' failed .* enum value set"),
    (
        {"OnFailure": {"Result": "RETRY", "RetryConfiguration": {"RetryMode": "SOME"}}},
        "retryMode' failed to satisfy constraint",
    ),
    ({"BeforeEntry": {"Conditions": []}}, "length greater than or equal to 1"),
    (
        {"BeforeEntry": {"Conditions": [conditions("FAIL", RIGHT)["Conditions"][0]] * 2}},
        "length less than or equal to 1",
    ),
    (before("FAIL", *[rule(f"R{n}") for n in range(6)]), "length less than or equal to 5"),
    ({"BeforeEntry": {"Conditions": [{"Result": "FAIL"}]}}, "needs at least one rule"),
    ({"BeforeEntry": {"Conditions": [{"Rules": [RIGHT]}]}}, "result FAIL or SKIP, not none"),
    (
        before("SKIP", window_rule(Cron="* * * * * ?")),
        "SKIP only LambdaInvoke or VariableCheck is available, not DeploymentWindow",
    ),
    (before("FAIL", rule("R", "Jenkins")), "no rule type Rule/AWS/Jenkins/1"),
    (
        before("FAIL", {**RIGHT, "RuleTypeId": {"Category": "Rule", "Provider": "P" * 36}}),
        "length less than or equal to 35",
    ),
    (before("FAIL", {**RIGHT, "Name": "a b"}), "regular expression pattern"),
    (
        before("FAIL", {**RIGHT, "Name": "Same"}, {**RIGHT, "Name": "Same"}),
        r"rule names must be unique in a pipeline, not so: \['Same'\]",
    ),
    (
        before("FAIL", {**RIGHT, "Region": "eu-west-1"}),
        "no artifact store in the rule's region eu-west-1",
    ),
    (
        before("FAIL", rule("R", "VariableCheck", Configuration={"Variable": "a", "Value": "b"})),
        "rule R is missing required configuration 'Operator'",
    ),
    (
        before("FAIL", rule("R", "CloudWatchAlarm", Configuration={"Alarm": "a"})),
        "missing required configuration 'AlarmName'",
    ),
    (
        before("FAIL", rule("R", Configuration={"Payload": "{}"})),
        "contains unknown configuration 'Payload'",
    ),
    (before("FAIL", check("a", "GT", "b")), "Operator GT is none of EQ, NE, CONTAINS, MATCHES"),
    (before("FAIL", check("a", "MATCHES", "(")), "Value is no regular expression"),
    (before("FAIL", check("#{Nobody.X}", "EQ", "b")), "#{Nobody.X}, whose namespace no earlier"),
    (before("FAIL", check("#{Deployed.X}", "EQ", "b")), "#{Deployed.X}, whose namespace no"),
    (before("FAIL", {**RIGHT, "InputArtifacts": CODE}), "takes 0 to 0 input artifacts, not 1"),
    (
        before("FAIL", rule("R", InputArtifacts=[{"Name": "Url"}])),
        r"no earlier action outputs \['Url'\]",
    ),
    (before("FAIL", rule("R", "Commands", InputArtifacts=CODE)), "commands belong to a rule"),
    (before("FAIL", rule("R", Commands=["true"])), "commands belong to a rule"),
    (before("FAIL", window_rule(Cron="0 0 9 * * ?")), "the seconds can only be"),
    (before("FAIL", window_rule(Cron="* * * * *")), "needs these fields"),
    (before("FAIL", window_rule(Cron="* * 9 * * ?", TimeZone="Mars/Base")), "Mars/Base is neither"),
]


@pytest.mark.parametrize(("given", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_a_wrong_condition_is_refused_with_the_reason(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(StructureError, match=reason):
        parsed(**given)


def test_conditions_and_rollbacks_need_a_pipeline_of_type_v2() -> None:
    for given in (before("FAIL", rule("R")), {"OnFailure": {"Result": "ROLLBACK"}}):
        with pytest.raises(StructureError, match="need a pipeline of type V2"):
            parsed(kind="V1", **given)


def test_a_source_stage_is_not_rolled_back() -> None:
    for given in (
        {"OnFailure": {"Result": "ROLLBACK"}},
        {"OnSuccess": conditions("ROLLBACK", rule("R"))},
    ):
        with pytest.raises(StructureError, match="a source stage cannot be rolled back"):
            parsed("Source", **given)
    assert parsed("Source", OnFailure={"Result": "RETRY"}).stages[0].on_failure.result == "RETRY"


def test_what_is_right_is_taken_and_shown_as_it_was_declared() -> None:
    commands = rule("Ask", "Commands", Commands=["test -f go"], InputArtifacts=[{"Name": "Url"}])
    structure = parsed(
        **before("SKIP", RIGHT, rule("Function", InputArtifacts=[{"Name": "Out"}])),
        OnSuccess=conditions("ROLLBACK", check("#{Deployed.Url}", "MATCHES", "https.*", "Url")),
        OnFailure={
            "Result": "RETRY",
            "RetryConfiguration": {"RetryMode": "FAILED_ACTIONS"},
            **conditions("ROLLBACK", commands),
        },
    )
    declared = structure.declaration["stages"][2]
    assert declared["beforeEntry"]["conditions"][0]["rules"][0]["configuration"] == {
        "Variable": "#{Made.Digest}",
        "Operator": "NE",
        "Value": "#{variables.Old}",
    }
    assert declared["onFailure"]["retryConfiguration"] == {"retryMode": "FAILED_ACTIONS"}
    assert [kind for kind, _ in structure.stages[2].conditions()] == [
        "BEFORE_ENTRY",
        "ON_SUCCESS",
        "ON_FAILURE",
    ]


# 2026-11-26 is a Thursday; the month's last days are a Friday (27), a weekend, and a Monday (30).
@pytest.mark.parametrize(
    ("cron", "moment", "expected"),
    [
        ("* * * * * ?", "2026-11-26 03:04", True),
        ("* * 9-17 ? * MON-FRI", "2026-11-26 09:59", True),
        ("* * 9-17 ? * MON-FRI", "2026-11-26 18:00", False),
        ("* * 9-17 ? * MON-FRI", "2026-11-28 12:00", False),
        ("* 0/15 * * * ?", "2026-11-26 03:45", True),
        ("* 5/15 * * * ?", "2026-11-26 03:45", False),
        ("* */20 * * * ?", "2026-11-26 03:40", True),
        ("* 5,7 * * * ?", "2026-11-26 03:07", True),
        ("* * * 26 NOV ?", "2026-11-26 03:07", True),
        ("* * * ? 12 *", "2026-11-26 03:07", False),
        ("* * * L * ?", "2026-11-30 00:00", True),
        ("* * * L * ?", "2026-11-29 00:00", False),
        ("* * * L-3 * ?", "2026-11-27 00:00", True),
        ("* * * LW * ?", "2026-11-30 00:00", True),
        ("* * * 28W * ?", "2026-11-27 00:00", True),
        ("* * * 29W * ?", "2026-11-30 00:00", True),
        ("* * * 1W * ?", "2026-11-02 00:00", True),
        ("* * * 1W * ?", "2026-08-03 00:00", True),  # the first is a Saturday
        ("* * * ? * L", "2026-11-28 00:00", True),
        ("* * * ? * 6L", "2026-11-27 00:00", True),
        ("* * * ? * 6L", "2026-11-20 00:00", False),
        ("* * * ? * THU#4", "2026-11-26 00:00", True),
        ("* * * ? * THU#3", "2026-11-26 00:00", False),
        ("* * * * * ? 2026-2027", "2026-11-26 00:00", True),
        ("* * * * * ? 2027", "2026-11-26 00:00", False),
    ],
)
def test_a_window_is_open_when_its_expression_fits(cron: str, moment: str, expected: bool) -> None:
    at = datetime.strptime(moment, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    assert Cron.parse(cron).fits(at) is expected


@pytest.mark.parametrize(
    "cron",
    ["* 60 * * * ?", "* * 24 * * ?", "* * * 32 * ?", "* 9-5 * * * ?", "* x * * * ?", "* * * ? * 8"],
)
def test_what_is_no_cron_expression_is_refused(cron: str) -> None:
    with pytest.raises(CronError):
        Cron.parse(cron)


def test_time_zones_are_regions_and_offsets() -> None:
    winter = datetime(2026, 1, 15, 12, tzinfo=UTC)
    for text, hours in (
        (None, 0.0),
        ("UTC", 0.0),
        ("UTC+2", 2.0),
        ("GMT-05:30", -5.5),
        ("Europe/Berlin", 1.0),
    ):
        assert winter.astimezone(window.zone(text)).utcoffset() == timedelta(hours=hours)
