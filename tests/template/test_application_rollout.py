"""Every function of a service is behind an alias that moves gradually, checked and watched.

Proved on the synthesized templates: nothing invokes a function but by its alias; what is known in a
deployment only makes a version, too; which alarms, hooks and roles a deployment has, and that prod
differs from dev in its speed alone. That deployments then do so: tests/rehearsal/test_rollout.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from services.common.infrastructure.rollout import ALIAS
from tests.support.application_templates import (
    DISPOSABLE,
    ENVIRONMENTS,
    GUARDED,
    REPOSITORY,
    Application,
    Resource,
    application,
    as_list,
    plain,
)

FUNCTIONS = {"processor", "sweeper", "files-api", "image-processor", "data-transformer"}
OF_APIS = {"processor": "requests", "files-api": "files"}
"""The services of the functions that answer calls."""
HOOKS = {"requests-hook", "files-hook"}
SERVICES = ("Requests", "Files")


@pytest.fixture(params=ENVIRONMENTS, ids=[each.name for each in ENVIRONMENTS])
def app(request: pytest.FixtureRequest) -> Application:
    return application(request.param).whole


def named(app: Application, kind: str, name: str) -> dict[str, Resource]:
    """Resources of a type by their names within the environment."""
    prefix = f"tap-{app.environment.name}-"
    return {
        str(each.properties[name]).removeprefix(prefix): each
        for each in app.resources(kind)
        if name in each.properties
    }


def functions(app: Application) -> dict[str, Resource]:
    return named(app, "AWS::Lambda::Function", "FunctionName")


def aliases(app: Application) -> dict[str, Resource]:
    """By their functions."""
    ids = {each.logical_id: name for name, each in functions(app).items()}
    return {
        ids[alias.properties["FunctionName"]["Ref"]]: alias
        for alias in app.resources("AWS::Lambda::Alias")
    }


def test_every_function_but_the_hooks_has_the_alias(app: Application) -> None:
    assert functions(app).keys() == FUNCTIONS | HOOKS
    assert aliases(app).keys() == FUNCTIONS
    assert {alias.properties["Name"] for alias in aliases(app).values()} == {ALIAS}


def invoked(app: Application) -> Iterator[tuple[str, Any]]:
    """What invokes a function, and by what."""
    for rule in app.resources("AWS::Events::Rule"):
        for target in rule.properties["Targets"]:
            yield rule.logical_id, target["Arn"]
    for method in app.resources("AWS::ApiGateway::Method"):
        if method.properties["HttpMethod"] != "OPTIONS":
            yield method.logical_id, method.properties["Integration"]["Uri"]
    for permission in app.resources("AWS::Lambda::Permission"):
        yield permission.logical_id, permission.properties["FunctionName"]


def test_nothing_invokes_a_function_but_by_its_alias(app: Application) -> None:
    known = {f"<{alias.logical_id}>" for alias in aliases(app).values()}
    called = dict(invoked(app))
    assert len(called) > 2 * len(FUNCTIONS)
    for who, by in called.items():
        assert any(alias in plain(by) for alias in known), (who, by)
    for retries in app.resources("AWS::Lambda::EventInvokeConfig"):
        qualifier = json.dumps(retries.properties["Qualifier"])
        assert any(alias.strip("<>") in qualifier for alias in known)


def test_the_api_may_invoke_before_its_stage_leads_there(app: Application) -> None:
    permissions = {
        plain(each.properties["SourceArn"]): each.logical_id
        for each in app.resources("AWS::Lambda::Permission")
        if each.properties["Principal"] == "apigateway.amazonaws.com"
    }
    stages = list(app.resources("AWS::ApiGateway::Stage"))
    assert len(stages) == len(permissions) == len(SERVICES)
    for stage in stages:
        own = permissions[
            f"arn:aws:execute-api:us-west-2:{app.environment.account}:"
            f"{plain(stage.properties['RestApiId'])}/{stage.properties['StageName']}/*/*"
        ]
        assert any(own.endswith(each) for each in stage.declaration["DependsOn"])


class TestAVersion:
    def test_is_made_for_every_commit_though_no_template_changes(self, app: Application) -> None:
        """aws-cdk issue 25997: the CDK's hash of a function does not see a parameter's value."""
        for name, alias in aliases(app).items():
            version = app.template["Resources"][
                alias.properties["FunctionVersion"]["Fn::GetAtt"][0]
            ]
            assert version["Type"] == "AWS::Lambda::Version"
            # Replaced when it changes, and Lambda publishes nothing that did not change, either.
            assert version["Properties"]["Description"] == {"Ref": "Commit"}
            assert functions(app)[name].properties["Description"] == {"Ref": "Commit"}

    def test_is_another_one_for_other_settings_of_its_function(self) -> None:
        def ids(**limits: int) -> set[str]:
            app = application(DISPOSABLE, options={"requests": limits}).whole
            return {each.logical_id for each in app.resources("AWS::Lambda::Version")}

        changed = ids() - ids(max_body_bytes=12345)
        assert [each[: len("RequestsProcessor")] for each in changed] == ["RequestsProcessor"]

    def test_goes_when_the_next_one_has_taken_its_place(self, app: Application) -> None:
        for version in app.resources("AWS::Lambda::Version"):
            assert version.declaration["DeletionPolicy"] == "Delete"
            assert version.declaration["UpdateReplacePolicy"] == "Delete"


def groups(app: Application) -> dict[str, Resource]:
    """Deployment groups by the functions that they deploy."""
    return named(app, "AWS::CodeDeploy::DeploymentGroup", "DeploymentGroupName")


def stops(app: Application, group: Resource) -> list[dict[str, Any]]:
    """The alarms that stop a group's deployments."""
    names = (each["Name"]["Ref"] for each in group.properties["AlarmConfiguration"]["Alarms"])
    return [app.template["Resources"][name]["Properties"] for name in names]


def version(app: Application, function: str) -> dict[str, Any]:
    """The number of the version that a deployment of the function brings."""
    at = aliases(app)[function].properties["FunctionVersion"]
    assert app.template["Resources"][at["Fn::GetAtt"][0]]["Type"] == "AWS::Lambda::Version"
    return dict(at)


class TestADeployment:
    def test_has_a_group_and_its_service_s_hook_before_and_after(self, app: Application) -> None:
        hooks = {f"{service}{name}" for service in SERVICES for name in ("RolloutHookFunction",)}
        for name, alias in aliases(app).items():
            policy = plain(alias.declaration["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"])
            group = groups(app)[name]
            assert policy["DeploymentGroupName"] == f"<{group.logical_id}>"
            assert policy["ApplicationName"] == plain(group.properties["ApplicationName"])
            assert policy["BeforeAllowTrafficHook"] == policy["AfterAllowTrafficHook"]
            assert any(hook in policy["BeforeAllowTrafficHook"] for hook in hooks)

    def test_is_gradual_where_the_settings_say_so(self) -> None:
        for environment, how in (
            (replace(GUARDED, canary_minutes=15), "LambdaCanary10Percent15Minutes"),
            (replace(GUARDED, canary_minutes=0), "LambdaAllAtOnce"),
            (DISPOSABLE, "LambdaAllAtOnce"),
        ):
            found = groups(application(environment).whole)
            assert found.keys() == FUNCTIONS
            assert {g.properties["DeploymentConfigName"] for g in found.values()} == {
                f"CodeDeployDefault.{how}"
            }

    def test_stops_on_alarms_and_is_taken_back(self, app: Application) -> None:
        for group in groups(app).values():
            said = group.properties
            assert said["AlarmConfiguration"]["Enabled"] is True
            assert said["AlarmConfiguration"]["IgnorePollAlarmFailure"] is False
            assert said["AutoRollbackConfiguration"] == {
                "Enabled": True,
                "Events": [
                    "DEPLOYMENT_FAILURE",
                    "DEPLOYMENT_STOP_ON_ALARM",
                    "DEPLOYMENT_STOP_ON_REQUEST",
                ],
            }

    def test_is_watched_by_what_its_own_version_does_and_no_other(self, app: Application) -> None:
        """Else the errors of a bad release would keep out the good one that goes back."""
        for name, group in groups(app).items():
            errors, *_ = stops(app, group)
            full = f"tap-{app.environment.name}-{name}"
            dimensions = {each["Name"]: each["Value"] for each in errors["Dimensions"]}
            assert dimensions.pop("ExecutedVersion") == version(app, name)
            assert dimensions == {"FunctionName": full, "Resource": f"{full}:{ALIAS}"}
            assert (errors["MetricName"], errors["Period"]) == ("Errors", 60)

    def test_of_what_answers_calls_is_watched_by_what_its_own_version_counts(
        self, app: Application
    ) -> None:
        for name, group in groups(app).items():
            _, *further = stops(app, group)
            assert len(further) == (name in OF_APIS)
            for faults in further:
                full = f"tap-{app.environment.name}-{name}"
                assert (faults["Namespace"], faults["MetricName"]) == ("Tap", "Faults")
                assert {each["Name"]: each["Value"] for each in faults["Dimensions"]} == {
                    "service": OF_APIS[name],
                    "function": full,
                    "version": version(app, name),
                }
                assert (faults["Statistic"], faults["Threshold"], faults["Period"]) == (
                    "Sum",
                    0,
                    60,
                )
                assert faults["TreatMissingData"] == "notBreaching"
                # Another one for each version: an alarm that is replaced in place keeps its state.
                assert faults["AlarmName"] == {
                    "Fn::Join": ["", [f"{full}-live-faults-", version(app, name)]]
                }

    def test_that_an_alarm_stopped_has_its_section_in_the_runbook(self, app: Application) -> None:
        pages = {
            alarm.properties["AlarmDescription"].rpartition(" ")[2]
            for alarm in app.resources("AWS::CloudWatch::Alarm")
            if "-live-" in json.dumps(alarm.properties["AlarmName"])
        }
        (page,) = pages
        path, _, section = page.partition("#")
        titles = [
            line.lstrip("# ").strip().lower().replace(" ", "-")
            for line in (REPOSITORY / path).read_text(encoding="utf-8").splitlines()
            if line.startswith("#")
        ]
        assert section in titles


def allowed(app: Application, role: str) -> set[tuple[str, str]]:
    """Actions and resources of the inline policies of roles with that in their ids."""
    return {
        (action, plain(resource))
        for policy, statement in app.statements()
        if role in policy
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if not action.startswith(("logs:", "xray:"))
    }


@pytest.mark.parametrize(
    ("service", "own"),
    [
        ("Requests", {"processor", "sweeper"}),
        ("Files", {"files-api", "image-processor", "data-transformer"}),
    ],
)
class TestARole:
    def test_of_the_hook_asks_the_service_s_own_functions(
        self, app: Application, service: str, own: set[str]
    ) -> None:
        ids = {functions(app)[name].logical_id for name in own}
        name, account = app.environment.name, app.environment.account
        (application_,) = (
            each.logical_id
            for each in app.resources("AWS::CodeDeploy::Application")
            if each.properties["ApplicationName"] == f"tap-{name}-{service.lower()}"
        )
        deployments = f"arn:aws:codedeploy:us-west-2:{account}:deploymentgroup:<{application_}>"
        assert allowed(app, f"{service}RolloutHook") == {
            *(("lambda:InvokeFunction", f"<{each}>:*") for each in ids),
            *(("lambda:GetAlias", f"<{each}>{end}") for each in ids for end in ("", ":live")),
            *(
                (
                    "codedeploy:PutLifecycleEventHookExecutionStatus",
                    f"{deployments}/tap-{name}-{each}",
                )
                for each in own
            ),
            ("codedeploy:BatchGetDeploymentTargets", "*"),
            ("codedeploy:ListDeploymentTargets", "*"),
        }

    def test_of_codedeploy_moves_the_service_s_own_aliases(
        self, app: Application, service: str, own: set[str]
    ) -> None:
        ids = {functions(app)[name].logical_id for name in own}
        hook = functions(app)[f"{service.lower()}-hook"].logical_id
        moves = ("lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias")
        assert allowed(app, f"{service}RolloutRole") == {
            ("cloudwatch:DescribeAlarms", "*"),
            ("lambda:InvokeFunction", f"<{hook}>"),
            *((a, f"<{each}>{end}") for a in moves for each in ids for end in ("", ":live")),
        }

    def test_of_the_hook_knows_a_check_of_each(
        self, app: Application, service: str, own: set[str]
    ) -> None:
        hook = functions(app)[f"{service.lower()}-hook"].properties
        checks = json.loads(hook["Environment"]["Variables"]["CHECKS"])
        assert checks.keys() == {f"tap-{app.environment.name}-{name}" for name in own}
        for check in checks.values():
            assert check.keys() == {"event", "answer"}
            assert check["answer"]
