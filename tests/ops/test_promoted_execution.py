"""An execution is approved from its page: what `python -m promotion` keeps, `ops approve` shows.

Proves it with a pipeline, its history and a decision bucket on a running emulator; the account that
the pipeline deploys to is looked at as its administrator.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from ops.decisions import Bucket
from ops.errors import NotAnsweredError
from promotion import __main__ as promotion
from promotion.report import Report
from tests.embedded_aws.delivery import NAME, Delivery
from tests.embedded_aws.emulated import DEV
from tests.ops.conftest import Ops
from tests.ops.test_approvals import waits
from tests.promotion.conftest import template
from tests.promotion.test_previews import queue
from tests.promotion.test_promotion_command import assembly, told


def reported(delivery: Delivery, folder: Path, execution: str, commit: str) -> Report:
    """The report of a release that deploys the stack `successor`; kept."""
    release = assembly(folder, successor=told(template(Q=queue())))
    options = ["--commit", commit, "--execution", execution, "--pipeline", NAME]
    given = promotion.parser().parse_args([str(release), *options])
    dev = partial(delivery.client, account=DEV)
    made = promotion.make(given, delivery.client, dev)
    address = promotion.keep(given, made, delivery.client)
    assert address.startswith("https://us-west-2.console.aws.amazon.com/s3/object/delivery-")
    return made


def test_an_execution_is_approved_from_its_page(
    delivery: Delivery, ops: Ops, tmp_path: Path
) -> None:
    first = waits(delivery, "Deployed")
    ops("approve", "--yes")
    delivery.succeeds(first)
    second = waits(delivery, "Deploys another stack instead")
    commit = delivery.git("rev-parse", "HEAD").strip()

    made = reported(delivery, tmp_path / "cdk.out", second, commit)

    left = "the stack delivered is not in this release and stays as it is"
    assert any(left in verdict.text for verdict in made.verdicts)
    assert any("nothing of it is deployed yet" in verdict.text for verdict in made.verdicts)
    document = Bucket(NAME, delivery.client).promotion(second)
    assert document is not None
    assert document["release"]["commit"] == commit
    with pytest.raises(NotAnsweredError, match=left):
        ops("approve")
    said = ops("reject", "--reason", "keep the stack", "--json").document
    assert len([v for v in said["verdicts"] if v["about"] == "tests"]) == 1
    assert json.dumps(said).count(left) == 1
    delivery.ended(second)
