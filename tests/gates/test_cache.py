"""A tool is asked again when what it judges changed, and only then.

This proves which changes count. That a tool says the same of the same templates is its business.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gates.finding import Finding
from gates.tools.cache import Cache, key
from tests.gates.cases import delivery, resource

FOUND = Finding("Tap/Bucket", "t.json", "X1", "why", "fix")


def code(hash_of_asset: str, timeout: int = 3) -> str:
    properties = {"Code": {"S3Key": f"{hash_of_asset}.zip"}, "Timeout": timeout}
    return key(delivery(F=resource("AWS::Lambda::Function", **properties)))


def test_another_asset_is_no_other_template() -> None:
    assert code("a" * 64) == code("b" * 64)


def test_another_version_of_a_function_is_no_other_template() -> None:
    version = resource("AWS::Lambda::Version", FunctionName={"Ref": "F"})
    first, second = (f"FCurrentVersion0A1B2C3D{digit * 32}" for digit in "ab")
    alias = {name: resource("AWS::Lambda::Alias", FunctionVersion=name) for name in (first, second)}
    keys = {key(delivery(**{name: version, "Live": alias[name]})) for name in (first, second)}
    assert len(keys) == 1


def test_another_function_of_a_version_is() -> None:
    first, second = (f"{name}CurrentVersion0A1B2C3D{'a' * 32}" for name in "FG")
    version = resource("AWS::Lambda::Version", FunctionName={"Ref": "F"})
    assert key(delivery(**{first: version})) != key(delivery(**{second: version}))


def test_another_property_is() -> None:
    assert code("a" * 64) != code("a" * 64, timeout=4)


def test_another_guard_is(tmp_path: Path) -> None:
    elsewhere = replace(delivery(F=resource("AWS::Lambda::Function")), checkout=tmp_path)
    guard = tmp_path / "gates" / "tools" / "tap.guard"
    guard.parent.mkdir(parents=True)
    guard.write_text("rule ONE when %x !empty { }")
    before = key(elsewhere)
    guard.write_text("rule TWO when %x !empty { }")
    assert before != key(elsewhere)


def test_a_suppression_is() -> None:
    function = resource("AWS::Lambda::Function")
    hushed = function | {"Metadata": {"guard": {"SuppressedRules": ["X"]}}}
    assert key(delivery(F=function)) != key(delivery(F=hushed))


def test_a_result_is_used_for_its_key_only(tmp_path: Path) -> None:
    assert Cache(tmp_path, "one").get("tool", lambda: [FOUND]) == [FOUND]
    assert Cache(tmp_path, "one").get("tool", list) == [FOUND]
    assert Cache(tmp_path, "two").get("tool", list) == []
    assert Cache(tmp_path, "one").get("tool", list) == []
