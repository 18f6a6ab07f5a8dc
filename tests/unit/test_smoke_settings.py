"""A smoke run with a missing or malformed setting fails and names it.

Proves it of the parser, and of a whole run: nothing is skipped and nothing is called.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from integ.settings import Settings, SettingsError
from tests.support.fake_requests_api import FakeApi
from tests.support.fake_service import serving
from tests.support.smoke_runs import Checkout

GOOD = {
    "TAP_ENVIRONMENT": "prod",
    "TAP_REQUESTS_API_URL": "https://abc123.execute-api.us-west-2.amazonaws.com/v1/",
    "TAP_FILES_API_URL": "https://def456.execute-api.us-west-2.amazonaws.com/v1/",
    "TAP_SMOKE_ROLE_ARN": "arn:aws:iam::333333333333:role/tap-prod-smoke",
    "TAP_COMMIT": "4f2c1d9",
    "AWS_REGION": "us-west-2",
}


def test_good_settings_are_read_and_the_account_is_the_roles() -> None:
    settings = Settings.parse(GOOD)

    assert settings.environment == "prod"
    assert settings.account == "333333333333"
    assert settings.completion_seconds == 60
    assert settings.api_urls == {
        "files": GOOD["TAP_FILES_API_URL"],
        "requests": GOOD["TAP_REQUESTS_API_URL"],
    }


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set; expected"):
        Settings.parse({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAP_ENVIRONMENT", "Prod env"),
        ("TAP_REQUESTS_API_URL", "http://abc123.execute-api.us-west-2.amazonaws.com/v1/"),
        ("TAP_REQUESTS_API_URL", "https://abc123.execute-api.us-west-2.amazonaws.com/v1"),
        ("TAP_REQUESTS_API_URL", "https://me:secret@example.com/v1/"),
        ("TAP_REQUESTS_API_URL", "https://[/"),
        ("TAP_SMOKE_ROLE_ARN", "arn:aws:iam::33333333333:role/eleven-digits"),
        ("TAP_SMOKE_ROLE_ARN", "tap-prod-smoke"),
        ("TAP_COMMIT", "#{SourceVariables.CommitId}"),
        ("AWS_REGION", "west"),
        ("TAP_SMOKE_COMPLETION_SECONDS", "0"),
        ("TAP_SMOKE_CALL_SECONDS", "soon"),
    ],
)
def test_a_malformed_setting_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.parse(GOOD | {name: value})

    assert str(error.value).startswith(f"{name} is {value!r}; expected ")


def test_a_service_without_checks_of_its_own_is_named_with_the_file_that_is_missing() -> None:
    with pytest.raises(SettingsError) as error:
        Settings.parse(GOOD | {"TAP_ORDERS_API_URL": GOOD["TAP_REQUESTS_API_URL"]})

    assert "TAP_ORDERS_API_URL is" in str(error.value)
    assert "expected checks of that service in integ/test_orders_api.py" in str(error.value)


def test_every_bad_setting_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        Settings.parse({})

    assert all(name in str(error.value) for name in GOOD)


def test_a_run_with_a_missing_setting_fails_names_it_and_calls_nothing(tmp_path: Path) -> None:
    with serving(FakeApi()) as api:
        checkout = Checkout(tmp_path / "checkout").against(api.url)
        run = checkout.run(variables={"TAP_SMOKE_ROLE_ARN": None})

    assert run.exit_code == 1
    assert set(run.results.values()) == {"error"}
    assert "TAP_SMOKE_ROLE_ARN is not set" in run.output
    assert run.text.count("TAP_SMOKE_ROLE_ARN is not set") == 1
    assert "failed: nothing was checked" in run.text
    assert api.calls == []
