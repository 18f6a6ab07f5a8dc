"""Proves that an update which loses data is told from one that does not, whatever app it is of.

Stacks are really updated on the emulator. That a delivery that loses data fails is shown in
`tests/delivery`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from embedded_aws.clients import Credentials, Session
from embedded_aws.server import Server
from rehearsal import holdings
from rehearsal.holdings import BUCKET, QUEUE, TABLE, Resource
from rehearsal.update import Change, compare

STACK = "holds"


def template(table: str, **more: Any) -> str:
    properties = {
        "TableName": table,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    rows = {"Type": TABLE, "Properties": properties}
    return json.dumps({"Resources": {"Rows": rows, "Files": {"Type": BUCKET}, **more}})


def deployed(session: Session, body: str) -> dict[tuple[str, str], Resource]:
    """Creates or updates the stack; what it holds then."""
    cloudformation = session.client("cloudformation")
    exists = any(
        each["StackName"] == STACK for each in cloudformation.list_stacks()["StackSummaries"]
    )
    verb = "update" if exists else "create"
    getattr(cloudformation, f"{verb}_stack")(StackName=STACK, TemplateBody=body)
    cloudformation.get_waiter(f"stack_{verb}_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1}
    )
    return of_the_stack(session)


def of_the_stack(session: Session) -> dict[tuple[str, str], Resource]:
    return {place: each for place, each in holdings.read(session).items() if place[0] == STACK}


def test_a_global_table_is_read_as_a_table_is(emulator: Server) -> None:
    session = emulator.session(Credentials.root("555555555555"))
    given = json.loads(template("rows"))
    rows = given["Resources"]["Rows"]
    rows["Type"] = "AWS::DynamoDB::GlobalTable"
    rows["Properties"]["Replicas"] = [{"Region": "us-west-2"}]
    deployed(session, json.dumps(given))
    session.client("dynamodb").put_item(TableName="rows", Item={"id": {"S": "1"}})
    assert of_the_stack(session)[STACK, "Rows"].held == {'{"id": {"S": "1"}}': None}


def test_a_renamed_table_loses_its_rows_and_a_removed_queue_had_none(emulator: Server) -> None:
    session = emulator.session(Credentials.root("444444444444"))
    queue = {"Type": QUEUE, "Properties": {"QueueName": "held"}}
    first = deployed(session, template("rows", Queue=queue))
    session.client("dynamodb").put_item(TableName="rows", Item={"id": {"S": "1"}})
    bucket = first[STACK, "Files"].physical
    session.client("s3").put_object(Bucket=bucket, Key="a/photo", Body=b"")
    before = of_the_stack(session)

    after = deployed(session, template("rows-2"))

    assert set(compare("dev", before, after)) == {
        Change("dev", STACK, "Rows", TABLE, "replaced", held=1, lost=1),
        Change("dev", STACK, "Queue", QUEUE, "removed", held=0, lost=0),
    }
    session.client("dynamodb").put_item(TableName="rows-2", Item={"id": {"S": "1"}})
    moved = {each.resource: each for each in compare("dev", before, of_the_stack(session))}
    assert (moved["Rows"].held, moved["Rows"].lost) == (1, 0), "copied by whoever replaced it"


ROWS = Resource(STACK, "Rows", TABLE, "rows", {"1": None, "2": 1.0})


def test_what_expired_meanwhile_is_not_lost_and_what_vanished_is() -> None:
    place = (STACK, "Rows")
    assert not list(compare("dev", {place: ROWS}, {place: replace(ROWS, held={"1": None})}))
    (change,) = compare("dev", {place: ROWS}, {place: replace(ROWS, held={"2": 1.0})})
    everywhere = replace(ROWS, type="AWS::DynamoDB::GlobalTable")
    assert not list(compare("dev", {place: ROWS}, {place: everywhere}))
    queue = replace(ROWS, type=QUEUE)
    assert not list(compare("dev", {place: queue}, {place: replace(queue, held={})}))
    assert change.text == f"dev: {STACK}/Rows ({TABLE}) kept with data (2), 1 LOST"
