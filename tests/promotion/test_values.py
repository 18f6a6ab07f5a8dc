"""Where two values of a template differ: told member by member, and nothing that is the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.values import MISSING, differences


def told(before: Any, after: Any) -> list[str]:
    return [each.text for each in differences("P", before, after)]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (1, 2, "P: 1 \u2192 2"),
        (MISSING, "x", "P: x is new"),
        ("x", MISSING, "P: x goes"),
        ({"A": {"B": 1, "C": 2}}, {"A": {"B": 1, "C": 3}}, "P.A.C: 2 \u2192 3"),
        ([{"x": 1}, {"y": 2}], [{"y": 2}], 'P: {"x": 1} goes'),
        (["a"], ["b", "a"], "P: b is new"),
        ({"Ref": "Old"}, {"Ref": "New"}, "P: <Old> \u2192 <New>"),
        ({"Fn::Join": ["", ["a", "b"]]}, "c", "P: ab \u2192 c"),
        (["a", "b"], ["b", "a"], 'P: ["a", "b"] \u2192 ["b", "a"]'),
        (False, True, "P: false \u2192 true"),
    ],
)
def test_a_difference_is_told(before: Any, after: Any, text: str) -> None:
    assert told(before, after) == [text]


def test_what_is_long_is_cut() -> None:
    (text,) = told("a" * 1000, "b" * 1000)
    assert len(text) < 450


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_something_is_told_exactly_when_something_differs(before: Any, after: Any) -> None:
    assert bool(told(before, after)) == (before != after)
    assert told(before, before) == []


def test_hashes_are_shown_as_far_as_they_tell_one_from_another() -> None:
    before, after = (f"{letter * 64}.zip" for letter in "ab")
    (found,) = differences("Code.S3Key", before, after)
    assert found.text == f"Code.S3Key: {'a' * 12}\u2026.zip \u2192 {'b' * 12}\u2026.zip"
    (other,) = differences("Commit", "c" * 40, "d" * 40)
    assert "c" * 40 in other.text
