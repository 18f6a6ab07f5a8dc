"""Proves which of the developer's settings reach builds: those of registries, and no credentials.

That nothing else of the environment does is proved on a real build in `test_codebuild_builds`.
"""

from __future__ import annotations

import os

import pytest

from embedded_aws import host
from embedded_aws.codebuild import environment

CANARY = "developers-own-value"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ.keys() - {"PATH", "HOME"}:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "name",
    [
        "NPM_CONFIG_PREFIX",
        "PIP_CLIENT_CERT",
        "PIP_CONFIG_FILE",
        "PIP_TARGET",
        "UV_CONFIG_FILE",
        "UV_INDEX_PRIVATE_PASSWORD",
        "UV_INDEX_PRIVATE_USERNAME",
        "UV_PUBLISH_TOKEN",
        "npm_config_//registry.example.com/:_authToken",
        "npm_config__auth",
        "npm_config_globalconfig",
        "npm_config_userconfig",
        "npm_config_script-shell",
    ],
)
def test_credentials_and_habits_stay_outside(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, CANARY)
    assert host.package_managers() == {}


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("PIP_INDEX_URL", "PIP_INDEX_URL"),
        ("PIP_FIND_LINKS", "PIP_FIND_LINKS"),
        ("UV_DEFAULT_INDEX", "UV_DEFAULT_INDEX"),
        ("SSL_CERT_FILE", "SSL_CERT_FILE"),
        ("NPM_CONFIG_REGISTRY", "npm_config_registry"),
        ("npm_config_fetch-timeout", "npm_config_fetch_timeout"),
        ("no_proxy", "NO_PROXY"),
    ],
)
def test_the_way_to_a_registry_is_passed_on(
    name: str, spelling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "value")
    assert host.package_managers() == {spelling: "value"}


def test_of_two_spellings_one_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "NPM_CONFIG_CAFILE", "npm_config_cafile"):
        monkeypatch.setenv(name, name)
    settings = host.package_managers()
    assert settings["HTTPS_PROXY"] == "https_proxy"
    assert settings["npm_config_cafile"] == "npm_config_cafile"
    assert settings.keys() == {"HTTPS_PROXY", "NO_PROXY", "npm_config_cafile"}


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (None, "127.0.0.1,localhost"),
        ("", "127.0.0.1,localhost"),
        ("intranet, localhost", "intranet,localhost,127.0.0.1"),
        ("*", "*"),
    ],
)
def test_a_proxy_is_never_asked_for_the_emulator(
    hosts: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example.com:3128")
    if hosts is not None:
        monkeypatch.setenv("no_proxy", hosts)
    assert host.package_managers()["NO_PROXY"] == expected


@pytest.mark.parametrize(
    ("setting", "hidden"),
    [
        ("https://me:pass%21word@index.example.com/simple", {"pass%21word", "pass!word"}),
        ("https://token@a.example.com/ https://me:two@b.example.com/", {"token", "two"}),
        ("https://index.example.com/simple", set()),
        ("/opt/wheels", set()),
    ],
)
def test_passwords_in_urls_are_found_to_be_hidden(setting: str, hidden: set[str]) -> None:
    assert set(environment.url_passwords([setting])) == hidden
