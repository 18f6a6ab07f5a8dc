"""What speaks against a release: each verdict from a real change set on a running emulator.

Each question has a case that is noticed and one that is no alarm. What CloudFormation itself judges
otherwise than the emulator (drift of a type, values that follow others) is not shown here.
"""

from __future__ import annotations

from typing import Any

import pytest

from ops.verdicts import Level
from promotion.judges import data, drifted, exports, orphans, permissions
from tests.embedded_aws.emulated import PROD, Server, root_of
from tests.promotion.conftest import Prod, holding, template
from tests.promotion.test_previews import queue, table
from tests.support import aws

RED, NOTE = Level.RED, Level.NOTE


# -- data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "becomes"),
    [
        ({}, "its rows will be lost"),
        ({"UpdateReplacePolicy": "Retain"}, "its rows stay behind in the old one"),
        ({"UpdateReplacePolicy": "Snapshot"}, "a snapshot of its rows is kept"),
    ],
)
def test_data_lost_by_a_replacement_is_red(prod: Prod, policy: Any, becomes: str) -> None:
    name = f"rows-{len(becomes)}"
    prod.deploy(name, template(Rows=table(name, **policy)))
    (verdict,) = data.judge(prod.preview(name, template(Rows=table("other", **policy))))
    assert verdict.level is RED
    assert f"in {name} is replaced by a new, empty one because of TableName: " in verdict.text
    assert becomes in verdict.text


def test_a_replacement_in_a_nested_stack_is_red_and_named(prod: Prod) -> None:
    name = "nested-rows"
    prod.deploy(name, template(Inner=holding(name, "old")), old=template(Rows=table(name)))
    new = template(Rows=table("other"))
    (verdict,) = data.judge(prod.preview(name, template(Inner=holding(name, "new")), new=new))
    assert "Rows" in verdict.text
    assert f"in {name} / Inner is replaced" in verdict.text


def test_a_bucket_that_is_removed_is_red_and_what_holds_nothing_is_not(prod: Prod) -> None:
    topic = {"Type": "AWS::SNS::Topic"}
    prod.deploy("emptied", template(Files={"Type": "AWS::S3::Bucket"}, Topic=topic, Q=queue()))
    (verdict,) = data.judge(prod.preview("emptied", template(Q=queue())))
    assert "AWS::S3::Bucket Files" in verdict.text
    assert "is removed: its objects will be lost" in verdict.text


def test_a_change_in_place_loses_nothing(prod: Prod) -> None:
    prod.deploy("in-place", template(Rows=table("in-place"), Q=queue(VisibilityTimeout=1)))
    changed = table("in-place")
    changed["Properties"]["DeletionProtectionEnabled"] = True
    new = template(Rows=changed, Q=queue(VisibilityTimeout=2))
    assert list(data.judge(prod.preview("in-place", new))) == []


# -- what stays behind -----------------------------------------------------------------------------


def test_what_is_let_go_and_kept_is_told(prod: Prod) -> None:
    kept = {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"}
    prod.deploy("let-go", template(Kept=kept, Gone={"Type": "AWS::SNS::Topic"}, Q=queue()))
    (verdict,) = orphans.resources(prod.preview("let-go", template(Q=queue())))
    assert verdict.level is NOTE
    assert "AWS::SNS::Topic Kept" in verdict.text
    assert "stays behind after let-go lets go of it" in verdict.text


def test_a_stack_that_the_release_does_not_know_is_red(prod: Prod) -> None:
    prod.deploy("abandoned", template(Q=queue()))
    api = prod.client("cloudformation")
    deployed = {"abandoned", "still-there", "deleted-long-ago"}
    (verdict,) = orphans.stacks(api, deployed, {"still-there"})
    assert verdict.level is RED
    assert "the stack abandoned is not in this release and stays as it is" in verdict.text
    assert list(orphans.stacks(api, deployed, {"abandoned", "still-there"})) == []


# -- exports ---------------------------------------------------------------------------------------


def exporting(*names: str) -> dict[str, Any]:
    outputs = {name: {"Value": "x", "Export": {"Name": f"shared-{name}"}} for name in names}
    return {**template(Q=queue(VisibilityTimeout=len(names))), "Outputs": outputs}


def test_an_export_that_is_removed_while_it_is_imported_is_red(prod: Prod) -> None:
    prod.deploy("exporter", exporting("Used", "Free"))
    imports = queue(QueueName={"Fn::Join": ["-", ["q", {"Fn::ImportValue": "shared-Used"}]]})
    prod.deploy("importer", template(Q=imports))
    api = prod.client("cloudformation")
    (verdict,) = exports.judge(api, prod.preview("exporter", exporting()))
    assert verdict.level is RED
    assert "exporter no longer exports shared-Used, but importer imports it" in verdict.text
    assert "Two steps: " in verdict.text
    assert list(exports.judge(api, prod.preview("exporter", exporting("Used")))) == []


# -- changed by hand -------------------------------------------------------------------------------


def test_what_nobody_could_look_at_is_told_and_ends_nothing(prod: Prod, server: Server) -> None:
    prod.deploy("unseen-drift", template(Q=queue()))
    previews = prod.preview("unseen-drift", template(Q=queue()))
    session = server.session(root_of(PROD))
    nobody = server.session(aws.user(session, "may-nothing")).client("cloudformation")
    (verdict,) = drifted.judge(nobody, previews)
    assert verdict.level is NOTE
    assert "nobody could look at unseen-drift: " in verdict.text
    assert "AccessDenied" in verdict.text


def test_what_was_changed_by_hand_is_red_where_the_deployment_touches_it(prod: Prod) -> None:
    prod.deploy("by-hand", template(Mine=queue(QueueName="by-hand", VisibilityTimeout=30)))
    api, sqs = prod.client("cloudformation"), prod.client("sqs")
    touching = template(Mine=queue(QueueName="by-hand", VisibilityTimeout=60))
    assert list(drifted.judge(api, prod.preview("by-hand", touching))) == []
    url = sqs.get_queue_url(QueueName="by-hand")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})
    (verdict,) = drifted.judge(api, prod.preview("by-hand", touching))
    assert verdict.level is RED
    assert "was changed by hand: /VisibilityTimeout is 99, the template has 30" in verdict.text
    assert verdict.text.endswith("this deployment changes it, and may put it back")
    elsewhere = template(
        Mine=queue(QueueName="by-hand", VisibilityTimeout=30), Topic={"Type": "AWS::SNS::Topic"}
    )
    (note,) = drifted.judge(api, prod.preview("by-hand", elsewhere))
    assert note.level is NOTE
    assert note.text.endswith("this deployment leaves it so")


def test_a_hand_in_a_nested_stack_is_seen(prod: Prod) -> None:
    name, inner = "nested-hand", template(Q=queue(QueueName="nested-hand", VisibilityTimeout=3))
    prod.deploy(name, template(Inner=holding(name, "old")), old=inner)
    sqs = prod.client("sqs")
    url = sqs.get_queue_url(QueueName="nested-hand")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})
    new = template(Q=queue(QueueName="nested-hand", VisibilityTimeout=4))
    previews = prod.preview(name, template(Inner=holding(name, "new")), new=new)
    (verdict,) = drifted.judge(prod.client("cloudformation"), previews)
    assert verdict.level is RED


# -- permissions -----------------------------------------------------------------------------------


def allow(actions: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def role(*statements: dict[str, Any], trusted: str = "lambda", **more: Any) -> dict[str, Any]:
    principal = {"Service": f"{trusted}.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": list(statements)}}]
    properties = {"AssumeRolePolicyDocument": {"Statement": [trust]}, "Policies": policies}
    return {"Type": "AWS::IAM::Role", "Properties": {**properties, **more}}


def policy(*statements: dict[str, Any], of: str = "Worker") -> dict[str, Any]:
    document = {"PolicyDocument": {"Statement": list(statements)}, "Roles": [{"Ref": of}]}
    return {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "apart", **document}}


def gains(prod: Prod, name: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    prod.deploy(name, old)
    verdicts = list(permissions.judge(prod.preview(name, new)))
    assert all(verdict.level is RED for verdict in verdicts)
    return [verdict.text for verdict in verdicts]


def test_who_gains_what_on_what_is_said(prod: Prod) -> None:
    old = role(allow("s3:GetObject", "arn:aws:s3:::b/*"), RoleName="said-worker")
    may = allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::b/*")
    new = role(may, allow(["sqs:SendMessage", "sns:Publish"]), RoleName="said-worker")
    assert gains(prod, "gains", template(Worker=old), template(Worker=new)) == [
        "said-worker gains: sns:Publish, sqs:SendMessage on *; s3:PutObject on arn:aws:s3:::b/*"
    ]


def bucket(**blocks: bool) -> dict[str, Any]:
    properties = {"PublicAccessBlockConfiguration": blocks}
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def url(asks: str) -> dict[str, Any]:
    """A function's address; asks: who the caller is, or nobody."""
    properties = {"TargetFunctionArn": "orders", "AuthType": asks}
    return {"Type": "AWS::Lambda::Url", "Properties": properties}


SAME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "reordered": (
        template(Worker=role(allow(["a:B", "c:D"]), allow("e:F"))),
        template(Worker=role(allow("e:F"), allow(["c:D", "a:B"]))),
    ),
    "merged": (
        template(Worker=role(allow("a:B"), allow("a:C"))),
        template(Worker=role(allow(["a:B", "a:C"], ["*"], Sid="Both"))),
    ),
    "moved to a policy of its own": (
        template(Worker=role(allow("a:B", "arn:x"))),
        template(Worker=role(), Apart=policy(allow("a:B", "arn:x"))),
    ),
    "renamed": (
        template(Worker=role(), One=policy(allow("a:B"))),
        template(Worker=role(), Other=policy(allow("A:b"))),
    ),
    "narrowed": (
        template(Worker=role(allow("s3:*", "arn:aws:s3:::b/*"))),
        template(Worker=role(allow(["s3:GetObject", "s3:Put*"], "arn:aws:s3:::b/in/*"))),
    ),
    "limited by a condition": (
        template(Worker=role(allow("a:B"))),
        template(Worker=role(allow("a:B", Condition={"Bool": {"aws:SecureTransport": "true"}}))),
    ),
    "taken away": (template(Worker=role(allow("a:B")), Q=queue()), template(Q=queue())),
    "of something else": (
        template(Worker=role(allow("a:B")), Q=queue(VisibilityTimeout=1)),
        template(Worker=role(allow("a:B"), Description="new"), Q=queue(VisibilityTimeout=2)),
    ),
    "asks who calls": (template(Q=queue()), template(Q=queue(), U=url("AWS_IAM"))),
    "removed with its bucket": (
        template(
            B={"Type": "AWS::S3::Bucket"},
            P={
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": {"Ref": "B"},
                    "PolicyDocument": {
                        "Statement": [
                            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
                        ]
                    },
                },
            },
            Q=queue(),
        ),
        template(Q=queue()),
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_what_widens_nothing_is_no_alarm(prod: Prod, case: str) -> None:
    assert gains(prod, f"same-{list(SAME).index(case)}", *SAME[case]) == []


DENY = {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}
WIDER: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another may take the role": (
        template(Worker=role(trusted="lambda")),
        template(Worker=role(trusted="ec2")),
        "ec2.amazonaws.com gains: sts:AssumeRole on the role <Worker>",
    ),
    "a condition goes": (
        template(Worker=role(allow("a:B", Condition={"Bool": {"x": "y"}}))),
        template(Worker=role(allow("a:B"))),
        "<Worker> gains: a:B on *",
    ),
    "a denial goes": (
        template(Worker=role(allow("s3:*"), DENY)),
        template(Worker=role(allow("s3:*"))),
        "<Worker> is no longer denied s3:Delete* on *",
    ),
    "a managed policy comes": (
        template(Worker=role()),
        template(Worker=role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"])),
        "<Worker> gains: whatever arn:aws:iam::aws:policy/AdministratorAccess allows on *",
    ),
    "a boundary goes": (
        template(Worker=role(PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")),
        template(Worker=role()),
        "the permissions boundary of <Worker> was arn:aws:iam::aws:policy/ReadOnlyAccess "
        "and is none",
    ),
    "all but something": (
        template(Worker=role()),
        template(Worker=role({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
        '<Worker> gains: what {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"} says on *',
    ),
    "a case of a condition": (
        template(Worker=role(allow("a:B"))),
        template(Worker=role(allow({"Fn::If": ["Yes", "a:C", {"Ref": "AWS::NoValue"}]}))),
        "<Worker> gains: a:C on *",
    ),
    "a bucket may be made public": (
        template(B=bucket(BlockPublicAcls=True, BlockPublicPolicy=True)),
        template(B=bucket(BlockPublicAcls=True, BlockPublicPolicy=False)),
        "the BlockPublicPolicy of <B> was on and is none",
    ),
    "a function that anybody may call": (
        template(Q=queue()),
        template(Q=queue(), U=url("NONE")),
        "* gains: lambda:InvokeFunctionUrl on <U>",
    ),
    "a new policy of an old role": (
        template(Worker=role()),
        template(Worker=role(), Apart=policy(allow("kms:Decrypt", "arn:k"))),
        "<Worker> gains: kms:Decrypt on arn:k",
    ),
    "a queue that anybody may send to": (
        template(Q=queue()),
        template(
            Q=queue(),
            P={
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "Queues": [{"Ref": "Q"}],
                    "PolicyDocument": {
                        "Statement": [{**allow("sqs:SendMessage"), "Principal": "*"}]
                    },
                },
            },
        ),
        "* gains: sqs:SendMessage on <Q>",
    ),
}


@pytest.mark.parametrize("case", WIDER)
def test_what_widens_is_told(prod: Prod, case: str) -> None:
    old, new, text = WIDER[case]
    assert gains(prod, f"wider-{list(WIDER).index(case)}", old, new) == [text]


def test_a_grant_in_a_new_stack_beside_an_old_one_is_told(prod: Prod) -> None:
    prod.deploy("settled", template(Q=queue()))
    settled = prod.preview("settled", template(Q=queue()))
    new = prod.preview("newcomer", template(Worker=role(allow("a:B"))))
    assert [verdict.text for verdict in permissions.judge([*settled, *new])] == [
        "<Worker> gains: a:B on *",
        "lambda.amazonaws.com gains: sts:AssumeRole on the role <Worker>",
    ]
    (note,) = permissions.judge(new)
    assert note.level is NOTE
    assert "all of it is new: 2 grants to <Worker>, lambda.amazonaws.com" in note.text


def test_a_permission_of_a_function_is_told(prod: Prod) -> None:
    permission = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": "orders",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceAccount": "444444444444",
        },
    }
    (text,) = gains(prod, "invoked", template(Q=queue()), template(Q=queue(), May=permission))
    assert text == (
        's3.amazonaws.com gains: lambda:InvokeFunction on orders, if {"SourceAccount": '
        '"444444444444"}'
    )
