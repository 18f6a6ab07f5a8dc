"""A tool is asked again when what it judges changed, and only then.

This proves which changes count. That a tool says the same of the same templates is its business.
"""

from __future__ import annotations

from pathlib import Path

from cases import assembly, resource

from gates.finding import Finding
from gates.tools.cache import Memory, key

FOUND = Finding("Tap/Bucket", "t.json", "X1", "why", "fix")


def code(hash_of_asset: str, timeout: int = 3) -> str:
    properties = {"Code": {"S3Key": f"{hash_of_asset}.zip"}, "Timeout": timeout}
    return key(assembly(F=resource("AWS::Lambda::Function", **properties)))


def test_another_asset_is_no_other_template() -> None:
    assert code("a" * 64) == code("b" * 64)


def test_another_property_is() -> None:
    assert code("a" * 64) != code("a" * 64, timeout=4)


def test_a_suppression_is() -> None:
    function = resource("AWS::Lambda::Function")
    hushed = function | {"Metadata": {"guard": {"SuppressedRules": ["X"]}}}
    assert key(assembly(F=function)) != key(assembly(F=hushed))


def test_a_result_is_used_for_its_key_only(tmp_path: Path) -> None:
    assert Memory(tmp_path, "one").recall("tool", lambda: [FOUND]) == [FOUND]
    assert Memory(tmp_path, "one").recall("tool", list) == [FOUND]
    assert Memory(tmp_path, "two").recall("tool", list) == []
    assert Memory(tmp_path, "one").recall("tool", list) == []
