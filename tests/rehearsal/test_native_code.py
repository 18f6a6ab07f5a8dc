"""A rehearsal says beforehand where functions' native code cannot run.

Proves when it says so and what it advises. That the code does run where nothing is said is shown by
the smoke tests of a rehearsal.
"""

from __future__ import annotations

import pytest

from rehearsal.native_code import foreign


@pytest.mark.parametrize(
    ("architecture", "machine"), [("x86_64", "x86_64"), ("arm64", "aarch64"), ("x86_64", "AMD64")]
)
def test_nothing_is_said_where_it_runs(architecture: str, machine: str) -> None:
    assert foreign(architecture, "Linux", machine) is None


def test_another_processor_is_told_with_the_setting_that_fits_it() -> None:
    said = foreign("x86_64", "Linux", "aarch64")
    assert said is not None
    assert "for Linux on x86_64, and this is Linux on arm64" in said
    assert '"architecture": "arm64"' in said


def test_another_system_is_told_even_on_the_same_processor() -> None:
    said = foreign("arm64", "Darwin", "arm64")
    assert said is not None
    assert "this is Darwin on arm64" in said
    assert "cdk.json" not in said
