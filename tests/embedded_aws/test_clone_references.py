"""What a build takes for a reference to a commit: any other build may have made the artifact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedded_aws.connections.references import FILE, Reference, reference_in

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ABOUT = {"RepositoryName": "application"}


@pytest.mark.parametrize(
    "about", [ABOUT, {"ConnectionArn": "arn:aws:x", "FullRepositoryName": "example-org/one"}]
)
def test_what_a_source_wrote_is_one(tmp_path: Path, about: dict[str, str]) -> None:
    reference = Reference(COMMIT, about)
    (tmp_path / FILE).write_bytes(reference.written())

    assert reference_in(tmp_path) == reference


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"commit": "--orphan=x", "about": ABOUT}),
        json.dumps({"commit": "main", "about": ABOUT}),
        json.dumps({"commit": COMMIT.upper(), "about": ABOUT}),
        json.dumps({"commit": f"{COMMIT}\n", "about": ABOUT}),
        json.dumps({"commit": 1, "about": ABOUT}),
        json.dumps({"commit": COMMIT, "about": {"RepositoryName": ["a"]}}),
        json.dumps({"commit": COMMIT, "about": {"ConnectionArn": "arn:aws:x"}}),
        json.dumps({"commit": COMMIT}),
        json.dumps([COMMIT]),
        "[" * 100_000,
        "no JSON",
        "",
    ],
)
def test_a_file_of_its_name_with_something_else_in_it_is_a_file(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / FILE).write_text(content)

    assert reference_in(tmp_path) is None


def test_bytes_that_are_no_text_are_a_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe\xff")

    assert reference_in(tmp_path) is None


def test_with_other_files_beside_it_it_is_one_of_them(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(Reference(COMMIT, ABOUT).written())
    (tmp_path / "other").touch()

    assert reference_in(tmp_path) is None


def test_a_link_to_itself_and_a_folder_are_none(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(FILE)
    assert reference_in(tmp_path) is None

    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    assert reference_in(tmp_path) is None
