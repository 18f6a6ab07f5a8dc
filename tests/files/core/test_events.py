"""S3's event as EventBridge hands it on: understood exactly, everything else refused.

The example is the shape of "EventBridge event message structure", Amazon S3 User Guide. Not proved:
that S3 sends no other shape.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.files.runtime.catalogue.models import SEQUENCER_WIDTH, in_order
from services.files.runtime.processing.event import EventError, Upload, parse
from tests.support.file_service import UPLOADS, created


def test_an_event_is_one_version_of_one_object() -> None:
    event = created(
        "uploads/a b+%20ü.csv", "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "617f08299329d189", 5
    )
    assert parse(event, UPLOADS) == Upload(
        event_id=event["id"],
        key="uploads/a b+%20ü.csv",
        version_id="IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
        sequencer="617F08299329D189".zfill(SEQUENCER_WIDTH),
        size=5,
    )


WRONG: list[tuple[list[str], list[Any]]] = [
    (["detail-type"], [None, "Object Deleted", "object created", 1]),
    (["id"], [None, "", 1]),
    (["source"], [None, "aws.S3", "me"]),
    (["detail"], [None, "", [], 1]),
    (["detail", "bucket"], [None, "uploads", []]),
    (["detail", "bucket", "name"], [None, "", "results", ["uploads"]]),
    (["detail", "object"], [None, "", []]),
    (["detail", "object", "key"], [None, "", 1, []]),
    (["detail", "object", "version-id"], [None, "", 1]),
    (["detail", "object", "sequencer"], [None, "", "xyz", 1, "0x1", "-1", "1_0", " 1", "F" * 41]),
    (["detail", "object", "size"], [None, "5", -1, 1.5, True, []]),
]


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in WRONG for value in values], ids=str
)
def test_everything_else_is_refused_without_a_word_of_it(path: list[str], value: Any) -> None:
    event = json.loads(json.dumps(created("secret.csv", "secret", "1", 5)))
    parent = event
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = value
    with pytest.raises(EventError) as raised:
        parse(event, UPLOADS)
    assert "secret" not in str(raised.value)


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1), st.integers(0, 8), st.booleans())
def test_sequencers_sort_as_numbers_whatever_their_length(
    one: int, other: int, zeros: int, lower: bool
) -> None:
    first = in_order(f"{'0' * zeros}{one:x}" if lower else f"{'0' * zeros}{one:X}")
    assert (first < in_order(f"{other:X}")) == (one < other)
    assert (first == in_order(f"{other:X}")) == (one == other)
