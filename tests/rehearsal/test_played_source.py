"""What the rehearsal plays for each kind of source that `cdk.json` can name.

Proves the record that the server and the hook read, and by what the executions then name a commit.
That pipelines start from it is proved in tests/embedded_aws/test_sources.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.connections import played
from rehearsal import CHECKOUT
from rehearsal.own import OwnProject
from settings import Settings

ARN = (
    "arn:aws:codeconnections:us-west-2:111111111111:connection/11111111-2222-4333-8444-555555555555"
)
KINDS: list[tuple[dict[str, str], played.Source]] = [
    (
        {"type": "connection", "repository": "o/r", "branch": "main", "connection_arn": ARN},
        played.Connection(ARN, "o/r", "main", "scripts/rehearsal status"),
    ),
    (
        {"type": "codecommit", "repository": "application", "branch": "trunk"},
        played.CodeCommit(
            "111111111111", "us-west-2", "application", "trunk", "scripts/rehearsal status"
        ),
    ),
    (
        {"type": "s3", "bucket": "sources", "key": "application.zip"},
        played.S3Object(
            "111111111111",
            "us-west-2",
            "sources",
            "application.zip",
            follow="scripts/rehearsal status",
        ),
    ),
]


def checkout(folder: Path, source: dict[str, Any]) -> Path:
    """A folder whose cdk.json is ours with another source."""
    document = json.loads((CHECKOUT / "cdk.json").read_text())
    document["context"]["tap"]["source"] = source
    (folder / "cdk.json").write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize(("given", "expected"), KINDS, ids=[kind["type"] for kind, _ in KINDS])
def test_each_kind_of_source_is_played_and_read_again(
    tmp_path: Path, given: dict[str, str], expected: played.Source
) -> None:
    project = OwnProject.of_settings(tmp_path, Settings.of_checkout(checkout(tmp_path, given)))
    assert project.source == expected
    project.source.write(tmp_path / "root")
    assert played.read(tmp_path / "root") == expected


def test_a_root_in_which_nothing_or_something_else_is_played_says_so(tmp_path: Path) -> None:
    with pytest.raises(played.NotPlayedError, match="no source is played"):
        played.read(tmp_path)
    KINDS[1][1].write(tmp_path)
    with pytest.raises(played.NotPlayedError, match="no connection is played"):
        played.connection(tmp_path)
    assert played.codecommit(tmp_path).repository == "application"
    KINDS[0][1].write(tmp_path)
    with pytest.raises(played.NotPlayedError, match="no CodeCommit repository is played"):
        played.codecommit(tmp_path)
