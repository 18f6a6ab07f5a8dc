"""What everyday changes cost: one edit, a finding that says what to do, and one command.

Proves, in copies of this working tree that are synthesized with the edit, that before the command
our rules report nothing but the difference, with its file, its lines and the command; and that
nothing is left after it. An environment in between is test_accept.py's. What each costs otherwise
is said in docs/everyday-changes.md. Does not run the tools of others: test_gates.py does.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from gates.delivery import REVIEWED, Delivery
from gates.finding import Finding
from gates.reviewed import write
from gates.rules import check
from gates.tools import bootstrap
from tests.gates.test_accept import MORE
from tests.support.synthesis import copy_checkout, share_staged_assets, synthesize

SERVICE = "services/requests/infrastructure.py"
ACKNOWLEDGED = {"TAP-106", "TAP-201"}  # Of the bootstrap templates, in acknowledged.toml.


@dataclass(frozen=True)
class Change:
    """Texts of files and what takes their places; a difference that a reviewer is then shown.

    shown: block and line, of a file in gates/reviewed/. about: with what the titles of all further
    differences begin. checkout: changes of the same one are synthesized together.
    """

    edits: tuple[tuple[str, str, str], ...]
    shown: tuple[str, str]
    about: tuple[str, ...]
    checkout: str = "small"


CHANGES = {
    "a variable of a function": Change(
        (
            (
                SERVICE,
                '"MAX_BODY_BYTES":',
                '"GREETING": "hello",\n                "MAX_BODY_BYTES":',
            ),
        ),
        (
            "environment.txt, Requests/Processor/Function: AWS::Lambda::Function",
            "+ Environment.Variables.GREETING hello",
        ),
        ("environment.txt, Requests/Processor/Function",),
    ),
    "a route": Change(
        (
            (
                SERVICE,
                'request.add_method("GET", to_function)\n',
                'request.add_method("GET", to_function)\n'
                '        request.add_method("DELETE", to_function)\n',
            ),
        ),
        (
            "environment.txt, Requests/Api/Default/requests/{request_id}/DELETE:"
            " AWS::ApiGateway::Method",
            "+ AuthorizationType AWS_IAM",
        ),
        ("environment.txt, Requests/Api/",),
    ),
    "an index": Change(
        (
            (
                SERVICE,
                "        _index_pending_rows(self.table)\n",
                "        _index_pending_rows(self.table)\n"
                "        self.table.add_global_secondary_index(\n"
                '            index_name="by-status",\n'
                "            partition_key=dynamodb.Attribute(\n"
                '                name="status", type=dynamodb.AttributeType.STRING\n'
                "            ),\n"
                "        )\n",
            ),
        ),
        (
            "environment.txt, Requests/Table: AWS::DynamoDB::GlobalTable",
            "+ GlobalSecondaryIndexes[by-status].KeySchema[status].KeyType HASH",
        ),
        ("environment.txt, Requests/Table",),
    ),
    "a queue with its dead-letter queue": Change(
        (
            (
                SERVICE,
                "        _index_pending_rows(self.table)\n",
                "        _index_pending_rows(self.table)\n"
                "        self.lost = dead_letter_queue(\n"
                '            self, "Lost", environment=environment, name="lost"\n'
                "        )\n"
                "        self.work = sqs.Queue(\n"
                "            self,\n"
                '            "Work",\n'
                '            queue_name=environment.named("work"),\n'
                "            encryption=sqs.QueueEncryption.SQS_MANAGED,\n"
                "            enforce_ssl=True,\n"
                "            removal_policy=environment.removal_policy,\n"
                "            dead_letter_queue=sqs.DeadLetterQueue(\n"
                "                max_receive_count=3, queue=self.lost\n"
                "            ),\n"
                "        )\n",
            ),
            (
                SERVICE,
                "from aws_cdk import aws_s3 as s3\n",
                "from aws_cdk import aws_s3 as s3\nfrom aws_cdk import aws_sqs as sqs\n",
            ),
            (
                SERVICE,
                "from services.common.infrastructure.storage import",
                "from services.common.infrastructure.queues import dead_letter_queue\n"
                "from services.common.infrastructure.storage import",
            ),
            (
                "services/requests/monitoring.py",
                '    watched.schedule("sweeper"',
                '    watched.dead_letters("lost", service.lost)\n    watched.schedule("sweeper"',
            ),
        ),
        (
            "environment.txt, Requests/Work: AWS::SQS::Queue",
            "+ RedrivePolicy.deadLetterTargetArn <Requests/Lost.Arn>",
        ),
        (
            *("environment.txt, Requests/Work", "environment.txt, Requests/Lost"),
            *("environment.txt, Monitor/", "environment.txt, Dashboard"),
            *("prod.txt, Requests/Work", "prod.txt, Requests/Lost"),
        ),
        checkout="queue",
    ),
    "a smoke test": Change(
        (
            (
                "integ/test_requests_api.py",
                "from __future__ import annotations\n",
                "from __future__ import annotations\n\n\n"
                "def test_one_more_thing() -> None:\n"
                '    assert "more"\n',
            ),
        ),
        ("smoke.txt, integ.test_requests_api", "+ test_one_more_thing"),
        ("smoke.txt, integ.test_requests_api",),
    ),
}
CHECKOUTS = list(dict.fromkeys(change.checkout for change in CHANGES.values()))


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Delivery]]]:
    """The delivery after the edits of each checkout, synthesized two at a time."""
    folder = tmp_path_factory.mktemp("everyday")
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(_edited, folder / name) for name in CHECKOUTS}


def _edited(folder: Path) -> Delivery:
    checkout = copy_checkout(folder, more=MORE)
    share_staged_assets(checkout)
    edits = [e for each in CHANGES.values() if each.checkout == folder.name for e in each.edits]
    for name, old, new in edits:
        text = (checkout / name).read_text()
        assert text.count(old) == 1, f"{name} no longer says {old!r} once"
        (checkout / name).write_text(text.replace(old, new))
    assembly = synthesize(checkout, checkout / "cdk.out")
    return Delivery.read(assembly.directory, checkout)


def told(delivery: Delivery) -> list[Finding]:
    return [each for each in check(delivery) if each.rule not in ACKNOWLEDGED]


@pytest.fixture(scope="module")
def found(deliveries: dict[str, Future[Delivery]]) -> dict[str, list[Finding]]:
    """What is reported of each checkout before the command, drifted bootstraps included."""
    made = {name: future.result() for name, future in deliveries.items()}
    return {name: [*told(each), *bootstrap.findings(each)] for name, each in made.items()}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_with_its_file_its_difference_and_the_command(
    found: dict[str, list[Finding]], name: str
) -> None:
    change = CHANGES[name]
    title, line = change.shown
    (finding,) = (e for e in found[change.checkout] if e.path == f"{REVIEWED}/{title}")
    assert line in [" ".join(each.split()) for each in finding.subject.splitlines()]
    assert "`make accept`" in finding.fix


@pytest.mark.parametrize("checkout", CHECKOUTS)
def test_nothing_else_is_told_and_nothing_is_written_twice(
    found: dict[str, list[Finding]], checkout: str
) -> None:
    """Neither a rule, nor what another environment has otherwise, nor an account's bootstrap."""
    changes = [each for each in CHANGES.values() if each.checkout == checkout]
    about = tuple(f"{REVIEWED}/{each}" for change in changes for each in change.about)
    assert {each.rule for each in found[checkout]} == {"TAP-701"}
    assert [each.path for each in found[checkout] if not each.path.startswith(about)] == []


@pytest.mark.parametrize("checkout", CHECKOUTS)
def test_the_command_is_all_that_it_takes(
    deliveries: dict[str, Future[Delivery]], checkout: str
) -> None:
    delivery = deliveries[checkout].result()
    write(delivery)
    found = told(Delivery.read(delivery.assembly.directory, delivery.checkout))
    # The texts are guards themselves, and this assembly holds them as they were before.
    assert {each.rule for each in found} <= {"TAP-422"}
