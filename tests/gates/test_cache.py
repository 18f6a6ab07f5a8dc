"""A tool is asked again when what it judges changed, and only then.

This proves which changes count. That a tool says the same of the same templates is its business.
"""

from __future__ import annotations

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


def test_another_property_is() -> None:
    assert code("a" * 64) != code("a" * 64, timeout=4)


def test_a_suppression_is() -> None:
    function = resource("AWS::Lambda::Function")
    hushed = function | {"Metadata": {"guard": {"SuppressedRules": ["X"]}}}
    assert key(delivery(F=function)) != key(delivery(F=hushed))


def test_a_result_is_used_for_its_key_only(tmp_path: Path) -> None:
    assert Cache(tmp_path, "one").get("tool", lambda: [FOUND]) == [FOUND]
    assert Cache(tmp_path, "one").get("tool", list) == [FOUND]
    assert Cache(tmp_path, "two").get("tool", list) == []
    assert Cache(tmp_path, "one").get("tool", list) == []
