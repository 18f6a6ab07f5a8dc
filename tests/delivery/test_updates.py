"""Proves that a rehearsal goes on from the last one that passed, and refuses what loses data.

The first delivery, from nothing, is the one that all tests of this folder go on from.
"""

from __future__ import annotations

import json

from tests.delivery.developer import Checkout, accept, change

TABLE = ("services/requests/infrastructure.py", 'name="requests"', 'name="orders"')
BUILT = "        self._pipeline.build_pipeline()\n"
OVERRIDE = '("Stages.3.Actions.0.Namespace", "codepipeline")'
RESERVED = (
    "pipeline/stack.py",
    BUILT,
    f"{BUILT}        self._pipeline.pipeline.node.default_child.add_property_override{OVERRIDE}\n",
)
"""A definition that AWS refuses, and no gate: a namespace that is CodePipeline's own."""
STATUSES = {"exercised", "shown by a test", "checked statically", "not exercised"}


def kept(checkout: Checkout) -> str:
    """The commit that the next rehearsal would go on from."""
    manifest = checkout.root / "kept" / "delivered" / "manifest.json"
    return str(json.loads(manifest.read_text())["commit"])


def test_the_first_rehearsal_creates_everything_and_says_what_it_proved(
    delivered: Checkout,
) -> None:
    summary = delivered.summary()
    assert (summary["status"], summary["passed"]) == ("Succeeded", True)
    assert (summary["started_from"], summary["update"]) == ("nothing", None)
    assert [each["tests"] > 0 for each in summary["smoke"].values()] == [True, True]
    assert {row["status"] for row in summary["fidelity"]} == STATUSES
    assert {action["status"] for action in summary["actions"]} == {"Succeeded"}
    assert [f"{each['stage']}/{each['action']}" for each in summary["actions"]] == [
        "Source/Source",
        "Compare/Compare",
        "Build/Synth",
        "Build/Gates",
        "UpdatePipeline/SelfMutate",
        "Assets/FileAssets",
        "Dev/tap-dev.Prepare",
        "Dev/tap-dev.Deploy",
        "Dev/Smoke",
        "Preview/Page",
        "Promote/Approve",
        "Prod/ProdEntry",
        "Prod/tap-prod.Prepare",
        "Prod/tap-prod.Deploy",
        "Prod/Smoke",
    ]
    assert kept(delivered) == summary["commit"]


def test_an_update_that_replaces_a_table_with_rows_fails_and_spares_prod(
    delivered: Checkout,
) -> None:
    first = kept(delivered)
    delivered.start_over()
    change(*TABLE)(delivered.worktree)
    accept(delivered.worktree)

    done = delivered.rehearsal("run")

    assert done.returncode == 1, done.stdout + done.stderr
    assert f"Started from the rehearsal of {first[:12]} that passed on " in done.stdout
    assert "LOSES DATA" in done.stdout
    summary = delivered.summary()
    assert summary["update"]["from"] == first
    (lost,) = [each for each in summary["update"]["changes"] if each["lost"]]
    assert (lost["account"], lost["type"]) == ("dev", "AWS::DynamoDB::GlobalTable")
    assert (lost["what"], lost["held"]) == ("replaced", lost["lost"])
    read = summary["update"]["read_back"]
    said = {(each["account"], each["path"].partition("/")[0], each["said"]) for each in read}
    assert said == {
        ("dev", "files", ""),
        ("dev", "requests", "answers 404"),
        ("prod", "files", ""),
        ("prod", "requests", ""),
    }
    assert "Prod/tap-prod.Deploy" not in [f"{a['stage']}/{a['action']}" for a in summary["actions"]]
    assert kept(delivered) == first, "only what passed is kept"


def test_a_pipeline_that_cannot_update_itself_is_found_before_aws_finds_it(
    delivered: Checkout,
) -> None:
    delivered.start_over()
    change(*RESERVED)(delivered.worktree)
    accept(delivered.worktree)

    done = delivered.rehearsal("run", "--from", "base")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "UpdatePipeline/SelfMutate failed" in done.stdout
    assert "the namespace codepipeline is reserved" in done.stdout
    status = {action["action"]: action["status"] for action in delivered.summary()["actions"]}
    assert status["Synth"] == "Succeeded"
