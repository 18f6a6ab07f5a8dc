"""What a deployment would do, from real change sets on a running emulator.

Proves that changes are seen and told apart, in nested stacks, too, that nothing stays behind, and
that what cannot be seen is said. CloudFormation's own judgement of a type's properties is the
emulator's here.
"""

from __future__ import annotations

from typing import Any

import pytest

from promotion.changes import Action, Change
from promotion.judges import unseen
from promotion.preview import LONGEST_BODY, StackPreview
from tests.promotion.conftest import Prod, holding, template


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def table(name: str = "rows", **more: Any) -> dict[str, Any]:
    """A table, whose name cannot be changed in place."""
    properties = {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties, **more}


def only(previews: list[StackPreview]) -> tuple[Change, ...]:
    (preview,) = previews
    assert preview.unseen == ""
    return preview.changes


def test_added_changed_replaced_and_removed_are_told_apart(prod: Prod) -> None:
    prod.deploy(
        "told", template(Slow=queue(VisibilityTimeout=30), Gone=queue(), Rows=table("told"))
    )
    new = template(Slow=queue(VisibilityTimeout=60), New=queue(), Rows=table("other"))
    changes = {change.logical_id: change for change in only(prod.preview("told", new))}
    assert {name: change.action for name, change in changes.items()} == {
        "Gone": Action.REMOVED,
        "New": Action.ADDED,
        "Rows": Action.REPLACED,
        "Slow": Action.CHANGED,
    }
    (timeout,) = changes["Slow"].properties
    assert timeout.texts == ("VisibilityTimeout: 30 \u2192 60",)
    assert changes["Rows"].text == "replaced, because TableName cannot be changed in place"
    assert changes["Gone"].policy == "Delete"
    assert changes["Slow"].physical_id


def test_nothing_to_deploy_is_no_change_and_nothing_stays_behind(prod: Prod) -> None:
    prod.deploy("same", template(Queue=queue()))
    assert only(prod.preview("same", template(Queue=queue()))) == ()
    only(prod.preview("same", template(Queue=queue(), New=queue())))
    left = prod.client("cloudformation").list_change_sets(StackName="same")["Summaries"]
    assert left == []


def test_nested_stacks_are_seen_by_their_change_sets(prod: Prod) -> None:
    old = template(Queue=queue(VisibilityTimeout=10))
    prod.deploy("outer", template(Inner=holding("outer", "inner")), inner=old)
    new = template(Queue=queue(VisibilityTimeout=20))
    body = template(Inner=holding("outer", "second"), Added=holding("outer", "third"))
    outer, added, inner = prod.preview("outer", body, second=new, third=template(Third=queue()))
    assert [(c.logical_id, c.action) for c in outer.changes] == [
        ("Added", Action.ADDED),
        ("Inner", Action.CHANGED),
    ]
    assert (added.label, added.is_new) == ("outer / Added", True)
    assert [c.logical_id for c in added.changes] == ["Third"]
    assert (inner.label, inner.is_new) == ("outer / Inner", False)
    assert inner.changes[0].properties[0].texts == ("VisibilityTimeout: 10 \u2192 20",)


def test_a_nested_stack_that_goes_takes_its_resources_along(prod: Prod) -> None:
    kept = {**queue(), "DeletionPolicy": "Retain"}
    inner = template(Queue=queue(), Kept=kept)
    prod.deploy("shrinking", template(Inner=holding("shrinking", "inner"), Q=queue()), inner=inner)
    _, gone = prod.preview("shrinking", template(Q=queue()))
    assert {c.logical_id: (c.action, c.policy) for c in gone.changes} == {
        "Queue": (Action.REMOVED, "Delete"),
        "Kept": (Action.REMOVED, "Retain"),
    }
    assert "stays" in next(c.text for c in gone.changes if c.stays)


def test_a_new_stack_is_read_from_its_template_and_leaves_nothing_behind(prod: Prod) -> None:
    (preview,) = prod.preview("brand-new", template(Queue=queue()))
    assert preview.is_new
    assert [change.action for change in preview.changes] == [Action.ADDED]
    stacks = prod.client("cloudformation").describe_stacks()["Stacks"]
    assert "brand-new" not in [stack["StackName"] for stack in stacks]


def test_parameters_that_the_deployment_does_not_set_keep_their_values(prod: Prod) -> None:
    def body(**more: Any) -> dict[str, Any]:
        parameters = {name: {"Type": "String", "Default": "1"} for name in ("Commit", "Seconds")}
        seconds = queue(VisibilityTimeout={"Ref": "Seconds"}, **more)
        return {**template(Queue=seconds), "Parameters": parameters}

    prod.deploy("parameters", body())
    assert only(prod.preview("parameters", body(), {"Commit": "2"})) == ()
    (change,) = only(prod.preview("parameters", body(), {"Seconds": "2"}))
    assert change.properties[0].because == "Seconds"


def test_what_only_follows_is_told_from_what_changes(prod: Prod) -> None:
    def body(seconds: int, name: str) -> dict[str, Any]:
        arn = {"Fn::GetAtt": ["Queue", "Arn"]}
        reader = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": arn}}
        named = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": arn, "TopicName": name}}
        return template(Queue=queue(VisibilityTimeout=seconds), Reader=reader, Named=named)

    prod.deploy("following", body(1, "following"))
    previews = prod.preview("following", body(2, "renamed"))
    changes = {change.logical_id: change for change in only(previews)}
    assert {name: change.follows for name, change in changes.items()} == {
        "Queue": False,
        "Reader": True,
        "Named": False,
    }
    assert changes["Reader"].text == "changed only as far as Queue turns out otherwise"
    assert list(unseen.judge(previews)) == []


def test_a_template_that_is_too_long_for_a_call_is_placed(prod: Prod) -> None:
    prod.deploy("long", template(Queue=queue()))
    body = {**template(Queue=queue(VisibilityTimeout=5)), "Metadata": {"x": "y" * LONGEST_BODY}}
    assert [change.logical_id for change in only(prod.preview("long", body))] == ["Queue"]


def test_what_cannot_be_seen_is_said_with_the_reason(prod: Prod) -> None:
    prod.deploy("unseen", template(Queue=queue()))
    wrong = template(Queue=queue(), Bad={"Type": "AWS::Nobody::Knows"})
    (preview,) = prod.preview("unseen", wrong)
    assert preview.changes == ()
    (verdict,) = unseen.judge([preview])
    assert verdict.level == "red"
    assert verdict.text.startswith("unseen: ")
    assert "AWS::Nobody::Knows" in verdict.text


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"Type": "Custom::Thing", "Properties": {"ServiceToken": "x"}}, "only its function knows"),
        (queue(QueueName="{{resolve:ssm:name}}"), "a value from Parameter Store"),
    ],
)
def test_what_only_the_deployment_shows_is_noted(
    prod: Prod, resource: dict[str, Any], said: str
) -> None:
    notes = list(unseen.judge(prod.preview("noted", template(It=resource))))
    assert [note.level for note in notes] == ["note"]
    assert said in notes[0].text


def test_what_is_the_same_of_several_resources_is_one_note(prod: Prod) -> None:
    named = {each: queue(QueueName=f"{{{{resolve:ssm:{each}}}}}") for each in ("One", "Two")}
    (note,) = unseen.judge(prod.preview("alike", template(**named, Other=queue())))
    assert note.text.startswith("2 AWS::SQS::Queue (One in alike, Two in alike), of each: ")
    assert note.text.endswith("which no change set shows")
