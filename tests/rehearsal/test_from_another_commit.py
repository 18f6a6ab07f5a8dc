"""Proves that `run --from REF` delivers REF first, and the working tree on top of that.

With a pipeline that builds nothing, on a server of its own; refusals are shown in `test_earlier`
and `tests/delivery`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk

from embedded_aws.connections.played import Connection
from embedded_aws.server import Server
from rehearsal import earlier, snapshot
from rehearsal.accounts import TOOLS, Directory
from rehearsal.behaviour import Behaviour
from rehearsal.git import git
from rehearsal.lifecycle import operated
from rehearsal.progress import Progress
from rehearsal.project import Project, Target
from rehearsal.rehearse import Keep, Wish, rehearse
from rehearsal.snapshot import Snapshot
from tests.support import small_pipeline

ACCOUNT, REGION = "111111111111", "us-west-2"
SOURCE = Connection(f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/small", "o/small")


class SmallProject(Project):
    """The small pipeline, as a project whose every commit can be delivered."""

    command = "small"

    def at(self, commit: str, folder: Path) -> SmallProject:
        return replace(self, folder=earlier.checkout(self.folder, commit, folder))

    def snapshot(self, scratch: Path) -> Snapshot:
        return snapshot.take(self.folder, scratch)

    def synthesize(self, server: Server, assembly: Path, progress: Progress) -> None:
        del server, progress
        small_pipeline.write(assembly, SOURCE, cdk.BootstraplessSynthesizer())

    def bootstrap(self, server: Server, label: str) -> None:
        """It needs none."""

    @property
    def behaviours(self) -> Mapping[str, tuple[Behaviour, ...]]:
        return {}


def template(folder: Path, name: str) -> None:
    """What the pipeline deploys from now on: a topic of this name."""
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}}
    (folder / small_pipeline.TEMPLATE).write_text(json.dumps({"Resources": {"Topic": topic}}))


def commit(folder: Path, message: str) -> str:
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    git("add", "--all", folder=folder)
    git(*author, "commit", "--quiet", "--message", message, folder=folder)
    return git("rev-parse", "HEAD", folder=folder)


def test_the_named_commit_is_delivered_first_and_the_working_tree_on_top(tmp_path: Path) -> None:
    folder, root = tmp_path / "app", tmp_path / "root"
    git("init", "--quiet", "--initial-branch=main", str(folder))
    template(folder, "old")
    base = commit(folder, "old")
    template(folder, "between")
    commit(folder, "between")
    template(folder, "new, not committed")
    target = Target("app", "Deploy", (TOOLS,))
    project = SmallProject(folder, REGION, {TOOLS: ACCOUNT}, (target,), SOURCE)
    said = io.StringIO()

    wish = Wish(port=None, keep=Keep.ALWAYS, base=earlier.resolve(folder, "HEAD~1"))
    passed = rehearse(project, root, Progress(said), wish)

    server = Server.attach(root)
    try:
        assert passed, said.getvalue()
        done = [e.commit for e in operated(server).executions() if e.status == "Succeeded"]
        summary = json.loads((root / "last" / "summary.json").read_text())
        assert done == [summary["commit"], base]
        assert git("log", "-1", "--format=%s", base, folder=folder) == "old"
        (name,) = topics(server)
        assert name == "new, not committed"
    finally:
        server.stop()
    assert summary["started_from"] == f"nothing, then {base[:12]} was delivered"
    assert summary["update"] == {
        "from": base,
        "held": {TOOLS: 1},  # the source artifact of what was delivered first
        "lost": 0,
        "changes": [],
        "read_back": [],
    }
    assert f"Delivering {base[:12]} first" in said.getvalue()


def topics(server: Server) -> list[str]:
    """The display names of the account's topics."""
    sns = Directory(server).session(TOOLS).client("sns")
    arns = [each["TopicArn"] for each in sns.list_topics()["Topics"]]
    return [sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] for arn in arns]
