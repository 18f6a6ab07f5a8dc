"""Settings are right or are refused with a text that says what to change.

Proves: which settings are accepted, and that each mistake names its key, the value and what was
expected, all mistakes at once, without a traceback and before anything is synthesized. Does not
prove that the accounts, the connection or the repository exist: only AWS knows.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from copy import deepcopy
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from embedded_aws.codepipeline.conditions.cron import Cron
from services.requests.options import RequestOptions
from services.requests.service import SERVICE as REQUESTS
from settings import (
    REGIONS,
    CodeCommitSource,
    ConnectionSource,
    DeploymentWindow,
    Environment,
    Notifications,
    S3Source,
    Settings,
    SettingsError,
)
from settings.guards import GUARDS
from stages.options import ApplicationOptions
from stages.services import NAMES

REPOSITORY = Path(__file__).resolve().parents[2]
CONNECTION = (
    "arn:aws:codeconnections:us-west-2:111111111111:connection/11111111-2222-4333-8444-555555555555"
)
STAGING = {"name": "staging", "account": "444444444444"}
GOOD: dict[str, Any] = {
    "tools_account": "111111111111",
    "region": "us-west-2",
    "environments": [
        {"name": "dev", "account": "222222222222", "disposable": True},
        {"name": "prod", "account": "333333333333"},
    ],
    "source": {
        "type": "connection",
        "repository": "example-org/shop",
        "branch": "main",
        "connection_arn": CONNECTION,
    },
    "notifications": {"emails": ["team@example.com"]},
}


def changed(key: str, value: object) -> dict[str, Any]:
    """`GOOD` with another value at `key`, such as "environments[0].name"; `...`: without it."""
    settings = deepcopy(GOOD)
    *sections, last = (int(k) if k.isdigit() else k for k in re.findall(r"\w+", key))
    section: Any = settings
    for name in sections:
        section = section[name]
    if value is ...:
        del section[last]
    else:
        section[last] = value
    return settings


def problems(settings: Any) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        Settings.parse(settings)
    return str(refused.value).splitlines()


def test_only_the_last_environment_is_gradual_unless_settings_say_otherwise() -> None:
    dev, prod = GOOD["environments"]
    chosen = [{**dev, "canary_minutes": 5}, {**prod, "canary_minutes": 0}]
    environments = Settings.parse({**GOOD, "environments": chosen}).environments
    assert [each.canary_minutes for each in environments] == [5, 0]
    environments = Settings.parse(GOOD).environments
    assert [each.canary_minutes for each in environments] == [0, 10]


def test_nothing_bakes_unless_settings_say_so() -> None:
    dev, prod = GOOD["environments"]
    environments = Settings.parse(
        {**GOOD, "environments": [dev, {**prod, "bake_minutes": 10}]}
    ).environments
    assert [each.bake_minutes for each in environments] == [0, 10]
    assert [each.bake_minutes for each in Settings.parse(GOOD).environments] == [0, 0]


def test_good_settings_become_typed_objects() -> None:
    assert Settings.parse(GOOD) == Settings(
        tools_account="111111111111",
        region="us-west-2",
        environments=(
            Environment("dev", "222222222222", disposable=True),
            Environment("prod", "333333333333", rollback=True, canary_minutes=10),
        ),
        source=ConnectionSource("example-org/shop", "main", CONNECTION),
        architecture="x86_64",
        approval_timeout_minutes=10_080,
        skip_approval_without_changes=False,
        notifications=Notifications(("team@example.com",)),
        guards=GUARDS,
        application={},
    )


def test_the_last_environment_is_the_guarded_one_and_each_is_found_by_name() -> None:
    settings = Settings.parse(changed("environments", [*GOOD["environments"], STAGING]))
    assert settings.guarded.name == "staging"
    assert settings.environment("dev").stage == "Dev"
    assert settings.accounts == {
        "tools": "111111111111",
        "dev": "222222222222",
        "prod": "333333333333",
        "staging": "444444444444",
    }


def test_an_environment_rolls_back_unless_its_data_may_go_or_it_says_otherwise() -> None:
    settings = Settings.parse(changed("environments[0].rollback", True))
    assert [each.rollback for each in settings.environments] == [True, True]
    settings = Settings.parse(changed("environments[1].rollback", False))
    assert [each.rollback for each in settings.environments] == [False, False]


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("* * 9-16 ? * MON-THU", "Europe/Berlin"),
        ("* 0/15 9,10 1W JAN 2#3 2027", "UTC+2"),
        ("* 30 22 L-2 */3 ?", "GMT-05:30"),
        ("* * * ? * 6L", "UTC"),
    ],
)
def test_a_deployment_window_is_a_cron_expression_in_a_time_zone(cron: str, zone: str) -> None:
    window = {"cron": cron, "time_zone": zone}
    settings = Settings.parse(changed("environments[1].deployment_window", window))
    assert settings.guarded.deployment_window == DeploymentWindow(cron, zone)
    assert Cron.parse(cron), "what the settings take, the embedded AWS takes"


@pytest.mark.parametrize(
    "cron",
    [
        *("* * * * *", "0 * * * * ?", "* 60 * * * ?", "* * 24 ? * *", "* * * 32 * ?"),
        *("* * * ? 13 *", "* * * ? * 8", "* * 9-16 ? * FOO", "* * * * * ? 1969", "every day", ""),
    ],
)
def test_a_window_that_never_opens_or_is_none_is_refused(cron: str) -> None:
    (problem,) = problems(changed("environments[1].deployment_window", {"cron": cron}))
    assert problem.startswith(f"tap.environments[1].deployment_window.cron is {json.dumps(cron)}")
    assert "a cron expression of 6 or 7 fields" in problem


def test_a_window_in_no_time_zone_is_refused() -> None:
    window = {"cron": "* * * * * ?", "time_zone": "Mars/Base", "hours": 3}
    zone, unknown = problems(changed("environments[1].deployment_window", window))
    assert zone.endswith("expected a time zone such as Europe/Berlin, UTC or UTC+2")
    assert unknown.endswith("no such key, only cron, time_zone")


def test_a_service_has_options_of_its_own() -> None:
    options = {"requests": {"workflow_type": "EXPRESS", "max_body_bytes": 2_000_000}}
    settings = Settings.parse(GOOD | {"application": options})
    chosen = ApplicationOptions.parse(settings.application)
    assert chosen.of(REQUESTS) == RequestOptions("EXPRESS", 2_000_000)
    assert ApplicationOptions.parse({}).of(REQUESTS) == RequestOptions("STANDARD", 1024 * 1024)


def test_what_a_service_cannot_be_is_refused() -> None:
    section = {"workflow_type": "FAST", "max_body_bytes": 6_000_000, "speed": "high"}
    with pytest.raises(SettingsError) as refused:
        ApplicationOptions.parse({"requests": section, "request": {}})
    found = [str(problem).partition(": expected ") for problem in refused.value.problems]
    assert [(held, expected) for held, _, expected in found] == [
        ('tap.application.requests.workflow_type is "FAST"', "one of STANDARD, EXPRESS"),
        (
            "tap.application.requests.max_body_bytes is 6000000",
            "a whole number from 1 to 3000000",
        ),
        (
            'tap.application.requests.speed is "high"',
            "no such key, only workflow_type, max_body_bytes",
        ),
        (
            "tap.application.request is {}",
            f"no such key, only {', '.join(NAMES)} (did you mean requests?)",
        ),
    ]


def test_the_settings_that_are_delivered_are_good() -> None:
    context = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    assert isinstance(Settings.parse(context["tap"]).source, ConnectionSource)


def test_the_source_is_a_connection_and_its_branch_main_unless_told() -> None:
    settings = deepcopy(GOOD)
    del settings["source"]["type"], settings["source"]["branch"]
    assert Settings.parse(settings).source == ConnectionSource(
        "example-org/shop", "main", CONNECTION
    )


def test_the_source_may_be_a_codecommit_repository() -> None:
    source = {"type": "codecommit", "repository": "shop", "branch": "release/2"}
    assert Settings.parse(changed("source", source)).source == CodeCommitSource("shop", "release/2")


def test_the_source_may_be_a_zip_in_a_bucket() -> None:
    source = {"type": "s3", "bucket": "shop-source", "key": "main/source.zip"}
    assert Settings.parse(changed("source", source)).source == S3Source(
        "shop-source", "main/source.zip"
    )


def test_who_is_told_of_the_delivery_is_nobody_unless_a_setting_says_so() -> None:
    assert Settings.parse(changed("notifications", ...)).notifications == Notifications()
    assert Settings.parse(changed("notifications.emails", [])).notifications.emails == ()
    webhook = "https://hooks.example.com:443/team/delivery"
    told = Settings.parse(changed("notifications.webhook", webhook)).notifications
    assert told == Notifications(("team@example.com",), webhook)


@pytest.mark.parametrize("repository", ["group/subgroup/shop", "some.one/shop_2-b"])
def test_names_that_git_hosts_allow_are_accepted(repository: str) -> None:
    Settings.parse(changed("source.repository", repository))


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("environments[0].account", "22222222222", "12 digits, in quotes"),
        ("environments[0].account", "22222222222x", "12 digits, in quotes"),
        ("environments[0].account", 222222222222, "12 digits, in quotes"),
        ("environments[1].account", ..., "12 digits, in quotes"),
        ("environments[1].account", "111111111111", "another account than that of the tools"),
        ("environments[1].account", "222222222222", "another account than that of dev"),
        ("environments[1].name", "dev", "another name than that of dev"),
        ("environments[0].name", "tools", "another name than that of the tools account"),
        ("environments[0].name", "Dev", "lower-case letters"),
        ("environments[0].name", "a-long-name", "lower-case letters"),
        ("environments[0].disposable", "yes", "true or false"),
        ("environments[1].disposable", True, "false: the last environment"),
        ("environments[1].alarm_email", "on-call", "an e-mail address"),
        ("environments[1].rollback", "no", "true or false"),
        ("environments[1].deployment_window", "at night", "an object with keys and values"),
        ("environments[1].canary_minutes", 7, "one of 0, 5, 10, 15, 30"),
        ("environments[1].canary_minutes", "5", "one of 0, 5, 10, 15, 30"),
        ("environments[1].canary_minutes", True, "one of 0, 5, 10, 15, 30"),
        ("environments[1].bake_minutes", 51, "a whole number from 0 to 50"),
        ("environments[1].bake_minutes", -1, "a whole number from 0 to 50"),
        ("environments[0].bake_minutes", 5, "0, or `rollback` as well"),
        ("environments[1]", "prod", "an object with keys and values"),
        ("environments", {"dev": "222222222222"}, "a list of at least two environments"),
        ("environments", [], "a list of at least two environments"),
        ("environments", ..., "a list of at least two environments"),
        ("tools_account", ..., "12 digits, in quotes"),
        ("application", [], "an object with keys and values"),
        ("region", "us-west-22", "did you mean us-west-2?"),
        ("region", "cn-north-1", "one of af-south-1"),
        ("region", ..., "one of af-south-1"),
        ("source", ..., "an object with keys and values"),
        ("source.type", "github", "one of connection, codecommit, s3"),
        ("source.connection_arn", ..., "a connection's ARN"),
        ("source.connection_arn", "my-connection", "a connection's ARN"),
        ("source.connection_arn", CONNECTION.replace(":connection/", ":host/"), "a connection's"),
        (
            "source.connection_arn",
            CONNECTION.replace("111111111111", "444444444444"),
            "'s own account",
        ),
        (
            "source.connection_arn",
            CONNECTION.replace("us-west-2", "eu-west-1"),
            "region, arn:aws:codeconnections:us-west-2:111111111111:connection/ID",
        ),
        ("source.repository", "shop", "owner/name"),
        ("source.repository", "https://github.com/example-org/shop", "owner/name"),
        ("source.repository", ..., "owner/name"),
        ("source.branch", "", "a branch's name"),
        ("source.branch", "feature/*", "a branch's name"),
        ("source.branch", "a..b", "a branch's name"),
        ("source.branch", "refs/", "a branch's name"),
        ("architecture", "arm", "did you mean arm64?"),
        ("notifications", "team@example.com", "an object with keys and values"),
        ("notifications.emails", "team@example.com", "a list of e-mail addresses"),
        ("notifications.emails", ["team@example"], "a list of e-mail addresses"),
        ("notifications.emails", ["a@example.com", "A@example.com"], "each once"),
        ("notifications.webhook", "http://hooks.example.com", "an https address such as"),
        ("notifications.webhook", "https://localhost/x", "an https address such as"),
        ("notifications.webhook", "https://10.0.0.1/x", "an https address such as"),
        ("notifications.webhook", "https://a:b@hooks.example.com/", "an https address such as"),
        ("notifications.webhook", "https://hooks.example.com/x?token=y", "is no secret"),
        ("approval_timeout_minutes", 4, "from 5 to 86400"),
        ("approval_timeout_minutes", 86_401, "from 5 to 86400"),
        ("approval_timeout_minutes", True, "from 5 to 86400"),
        ("approval_timeout_minutes", "60", "from 5 to 86400"),
        ("skip_approval_without_changes", "yes", "true or false"),
    ],
)
def test_a_mistake_names_its_key_the_value_and_what_was_expected(
    key: str, value: object, expected: str
) -> None:
    (problem,) = problems(changed(key, value))
    held = "missing" if value is ... else json.dumps(value)
    assert problem.startswith(f"tap.{key} is {held}: expected ")
    assert expected in problem


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("bucket", "Shop", "a bucket's name"),
        ("key", "source.tar.gz", 'ends in ".zip"'),
        ("connection_arn", CONNECTION, "no such key, only type, bucket, key"),
    ],
)
def test_a_bucket_source_is_checked_as_such(key: str, value: str, expected: str) -> None:
    source = {"type": "s3", "bucket": "shop-source", "key": "source.zip", key: value}
    (problem,) = problems(changed("source", source))
    assert problem.startswith(f"tap.source.{key} is ")
    assert expected in problem


def test_the_examples_connection_serves_only_the_examples_account() -> None:
    settings = changed("tools_account", "444444444444")
    settings["source"]["connection_arn"] = CONNECTION.replace("111111111111", "444444444444")
    (problem,) = problems(settings)
    assert problem.startswith("tap.source.connection_arn is ")
    assert problem.endswith(
        "expected a connection that exists, in place of the example's made-up id"
    )


def test_an_account_that_was_changed_alone_is_noticed_at_the_connection() -> None:
    (problem,) = problems(changed("tools_account", "444444444444"))
    assert problem.startswith("tap.source.connection_arn is ")
    assert ":us-west-2:444444444444:connection/ID" in problem


def test_a_codecommit_source_is_checked_as_such() -> None:
    source = {"type": "codecommit", "repository": "example-org/shop"}
    (problem,) = problems(changed("source", source))
    assert problem.startswith('tap.source.repository is "example-org/shop": expected a CodeCommit')


def test_an_unknown_key_is_refused_and_the_near_one_suggested() -> None:
    (problem,) = problems(changed("approval_timeout_minuts", 60))
    assert problem.startswith("tap.approval_timeout_minuts is 60: expected no such key")
    assert problem.endswith("(did you mean approval_timeout_minutes?)")


def test_a_misspelt_key_is_both_missing_and_unknown() -> None:
    settings = changed("tools_account", ...)
    settings["tool_account"] = "111111111111"
    missing, unknown = problems(settings)
    assert missing.startswith("tap.tools_account is missing")
    assert unknown.endswith("(did you mean tools_account?)")


def test_one_environment_is_not_enough_for_an_approval_to_stand_before() -> None:
    (problem,) = problems(changed("environments", GOOD["environments"][1:]))
    assert "at least two environments" in problem


def test_every_problem_is_told_at_once() -> None:
    settings = changed("region", "mars")
    settings["environments"][0]["account"] = "1"
    del settings["source"]["connection_arn"]
    settings["regoin"] = "us-west-2"
    found = [problem.split(" is ")[0] for problem in problems(settings)]
    assert found == [
        "tap.region",
        "tap.environments[0].account",
        "tap.source.connection_arn",
        "tap.regoin",
    ]


@pytest.mark.parametrize("settings", [None, "x", []])
def test_settings_that_are_no_object_at_all_are_refused(settings: object) -> None:
    (problem,) = problems(settings)
    assert problem == f"tap is {json.dumps(settings)}: expected an object with keys and values"


@pytest.mark.parametrize("setting", ["region", "environments", "source"])
def test_settings_do_not_change_once_parsed(setting: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(Settings.parse(GOOD), setting, "another")


def test_the_regions_are_those_that_botocore_knows_for_codepipeline() -> None:
    known = botocore.session.Session().get_available_regions("codepipeline")
    assert sorted(REGIONS) == sorted(known)


def test_the_app_tells_of_wrong_settings_without_a_traceback(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "pipeline", tmp_path / "pipeline")
    for folder in (
        *("assembly", "guards", "notifications", "ops", "services", "settings", "stages"),
    ):
        (tmp_path / folder).symlink_to(REPOSITORY / folder)
    shutil.copy(REPOSITORY / "pipeline_app.py", tmp_path)
    context = {"tap": changed("environments[0].account", "22")}
    environment = {
        "PATH": os.environ["PATH"],  # jsii looks for Node there
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_OUTDIR": str(tmp_path / "out"),
    }
    app = [str(REPOSITORY / ".venv/bin/python"), "pipeline_app.py"]
    done = subprocess.run(
        app, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert 'tap.environments[0].account is "22": expected an account id' in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert not list((tmp_path / "out").glob("*.json"))
