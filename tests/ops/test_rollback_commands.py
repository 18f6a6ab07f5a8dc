"""Rolling back, holding, lifting and retrying by command, on a running emulator.

Proves which release a stage goes back to, what is refused and what a person is told then, who holds
a stage and who lifts it, what is kept of that, and where it is listed. The tests go on from one
another, in a pipeline of three stages: Source, Dev, which rolls back by itself, and Tell, an
approval. That a held stage is not entered is what tests/delivery/test_bad_prod_version.py shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from embedded_aws.clients import Session
from ops.errors import (
    NoSuchStageError,
    NotAnsweredError,
    NotHeldError,
    NotRecordedError,
    NotRetriedError,
    NotRolledBackError,
)
from ops.following import follow
from ops.pipeline import Pipeline
from tests.embedded_aws.delivery import GOOD, NAME, Delivery, pipeline
from tests.embedded_aws.emulated import DEV, REGION, TOOLS, administrators, start
from tests.embedded_aws.pipelines import APPROVAL, action, check, conditions
from tests.ops.conftest import Ops, Said, said
from tests.support import aws

ADMINISTRATOR = f"arn:aws:iam::{TOOLS}:user/administrator"
BUCKET = f"delivery-decisions-{TOOLS}-{REGION}"
WHY = ("--reason", "orders are lost")


def definition(**more: Any) -> dict[str, Any]:
    """Dev asks something at its entry under the name of the question whether it is held."""
    source, _, dev = pipeline()["Stages"]
    asks = check("#{codepipeline.PipelineExecutionId}", "NE", "nobody", name="DevEntry")
    dev = {**dev, "BeforeEntry": conditions("FAIL", asks), "OnFailure": {"Result": "ROLLBACK"}}
    tell = {"Name": "Tell", "Actions": [action("Approve", APPROVAL)]}
    return pipeline(Stages=[source, dev, tell], RestartExecutionOnUpdate=False, **more)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    with start(tmp_path_factory.mktemp("releases"), "codepipeline", "connections") as server:
        made = Delivery(server, administrators(server), tmp_path_factory.mktemp("worktree"))
        made.prepare()
        made.deploy_pipeline(definition())
        made.ended(str(made.newest()["pipelineExecutionId"]))  # of its creation: no source yet
        yield made


@pytest.fixture
def ops(releases: Delivery, capsys: pytest.CaptureFixture[str]) -> Ops:
    client = cache(releases.client)

    def run(*arguments: str) -> Said:
        return said(arguments, client, capsys)

    return run


def with_a_bucket(releases: Delivery) -> None:
    releases.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )


def release(made: Delivery, name: str, *, kind: str = "AWS::SNS::Topic") -> str:
    """Pushes a release; its execution, when it has passed Dev or failed there."""
    topic = {"Type": kind, "Properties": {"DisplayName": name}}
    made.commit_and_push(name, stack_json=json.dumps({**GOOD, "Resources": {"Topic": topic}}))
    rows = made.api.list_pipeline_executions(pipelineName=NAME)["pipelineExecutionSummaries"]
    # One that failed is taken back at once, by one that is newer.
    pushed = next(each for each in rows if each["executionType"] == "STANDARD")
    execution = str(pushed["pipelineExecutionId"])

    def through() -> bool:
        tell = made.api.get_pipeline_state(name=NAME)["stageStates"][2]
        there = tell.get("latestExecution", {}).get("pipelineExecutionId") == execution
        return there or made.status(execution) == "Failed"

    made.until(through, "it is through Dev")
    if made.status(execution) == "InProgress":
        tell_of(made, execution, "Approved")
    return execution


def tell_of(made: Delivery, execution: str, status: str) -> None:
    """Answers the approval behind Dev, and waits for the execution's end."""
    tokens: list[str] = []

    def asked() -> bool:
        tell = made.api.get_pipeline_state(name=NAME)["stageStates"][2]
        tokens[:] = [tell["actionStates"][0].get("latestExecution", {}).get("token", "")]
        return bool(tokens[0])

    made.until(asked, "the approval is asked for")
    made.api.put_approval_result(
        pipelineName=NAME,
        stageName="Tell",
        actionName="Approve",
        token=tokens[0],
        result={"status": status, "summary": "told"},
    )
    made.ended(execution)


def serves(made: Delivery) -> str:
    """The name of the release that Dev has."""
    sns = made.client("sns", DEV)
    (topic,) = (each["TopicArn"] for each in sns.list_topics()["Topics"])
    return str(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"])


def kept(made: Delivery, prefix: str) -> list[dict[str, Any]]:
    """What the bucket has under a prefix."""
    s3 = made.client("s3")
    keys = [e["Key"] for e in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]
    return [json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys]


def refused(ops: Ops, problem: type[Exception], *arguments: str) -> str:
    with pytest.raises(problem) as error:
        ops(*arguments)
    return str(error.value)


def entry(told: Said, stage: str = "Dev") -> dict[str, Any]:
    """What a status says of the entry to a stage."""
    (found,) = (each for each in told.document["stages"] if each["stage"] == stage)
    return dict(found)


def listed(ops: Ops) -> list[dict[str, Any]]:
    """The holds and lifts among the decisions."""
    told = ops("decisions", "--json").document["decisions"]
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)
    return [each for each in told if each["kind"] != "approval"]


def test_a_first_release_has_nothing_to_go_back_to(releases: Delivery, ops: Ops) -> None:
    release(releases, "first")
    assert f"no bucket {BUCKET}" in refused(ops, NotRecordedError, "rollback", "dev", *WHY)
    unclear = f"cannot tell whether it is held: there is no bucket {BUCKET}"
    assert ops("status").out.count(unclear) == 1
    dev = entry(ops("status", "--json"))
    assert (dev["held"], dev["holds"]) == (None, [])
    assert BUCKET in dev["unknown"]
    with_a_bucket(releases)
    assert "  Dev\n    not held\n" in ops("status").out
    assert entry(ops("status", "--json"), "Tell") == {
        "stage": "Tell",
        "asks": False,
        "held": False,
        "holds": [],
        "unknown": None,
    }
    told = refused(ops, NotRolledBackError, "rollback", "dev", *WHY)
    assert "nothing to roll Dev back to" in told
    assert "git revert" in told
    assert ops("held", "dev").out == "Dev is not held\n"
    known = refused(ops, NoSuchStageError, "rollback", "prod", *WHY)
    assert known.endswith("there are: Source, Dev, Tell")
    assert "say why" in refused(ops, NotAnsweredError, "rollback", "dev", "--reason", " ")


def test_a_person_rolls_back_to_the_release_before_and_holds_by_that(
    releases: Delivery, ops: Ops
) -> None:
    first = str(releases.newest()["pipelineExecutionId"])
    second = release(releases, "second")
    looked = ops("rollback", "DEV", *WHY, "--dry-run")
    assert looked.out.startswith(f"would roll Dev back to {first}, commit ")
    assert serves(releases) == "second"
    assert ops("held", "dev").code == 0

    done = ops("rollback", "dev", *WHY, "--json")

    document = done.document
    assert (done.code, document["status"], document["target"]) == (0, "Succeeded", first)
    assert serves(releases) == "first"
    held = ops("held", "dev", "--json")
    (hold,) = held.document["holds"]
    assert (held.code, hold["id"]) == (1, document["execution_id"])
    assert (hold["by"], hold["reason"]) == (ADMINISTRATOR, WHY[1])
    assert [each["reason"] for each in kept(releases, "holds/Dev/")] == [WHY[1]]
    dev = entry(ops("status", "--json"))
    assert (dev["held"], dev["holds"], dev["holds"][0]["cause"]) == (True, [hold], "rollback")
    assert f"by {ADMINISTRATOR} (rollback): {WHY[1]}\n    Prepare " in ops("status").out
    assert listed(ops) == [{"kind": "hold", **hold, "recorded": True}]
    assert ops("held", "dev", "--execution", document["execution_id"]).code == 0
    assert ops("held", "dev", "--execution", second).code == 1
    # What is older than what serves: never the release that was taken back.
    assert "nothing to roll Dev back" in refused(ops, NotRolledBackError, "rollback", "dev", *WHY)
    back = document["execution_id"]
    told = refused(ops, NotRolledBackError, "rollback", "dev", *WHY, "--to", back[:8])
    assert f"is a rollback itself: name its target, {first}" in told
    told = refused(ops, NotRolledBackError, "rollback", "dev", *WHY, "--to", "nothing")
    assert f"in Dev succeeded: {second}, {first}" in told


def test_what_was_held_is_lifted_once_with_a_reason(releases: Delivery, ops: Ops) -> None:
    looked = ops("lift", "dev", "--reason", "repaired", "--dry-run")
    assert looked.out.startswith("would be lifted: Dev is held since ")
    assert ops("held", "dev").code == 1
    lifted = ops("lift", "dev", "--reason", "repaired")
    assert f"by {ADMINISTRATOR} (rollback): {WHY[1]}" in lifted.out
    assert ops("held", "dev").code == 0
    assert entry(ops("status", "--json"))["held"] is False
    (record,) = kept(releases, "lifts/Dev/")
    assert (record["by"], record["reason"]) == (ADMINISTRATOR, "repaired")
    assert record["lifted"]["reason"] == WHY[1]
    _, lift = listed(ops)
    assert (lift["kind"], lift["stage"], lift["by"]) == ("lift", "Dev", ADMINISTRATOR)
    assert (lift["reason"], lift["lifted"]) == ("repaired", record["lifted"])
    assert f"lifted Dev by {ADMINISTRATOR}\n  repaired\n" in ops("decisions").out
    told = refused(ops, NotHeldError, "lift", "dev", "--reason", "again")
    assert told == "Dev is not held: there is nothing to lift"


def test_a_release_that_fails_holds_without_anybody(releases: Delivery, ops: Ops) -> None:
    good = release(releases, "third")
    failed = release(releases, "fourth", kind="AWS::SNS::Nothing")
    assert releases.status(failed) == "Failed"
    newest = releases.newest()
    assert newest["executionType"] == "ROLLBACK"
    releases.succeeds(newest["pipelineExecutionId"])
    assert serves(releases) == "third"
    held = ops("held", "dev")
    assert held.code == 1
    why = f"rolled back to {good} by {newest['pipelineExecutionId']}"
    assert f"by the pipeline (rollback): {why}" in held.out
    assert f"by the pipeline (rollback): {why}" in ops("status").out
    hold = listed(ops)[-1]
    assert (hold["by"], hold["cause"], hold["recorded"]) == ("", "rollback", False)
    assert f"held Dev by the pipeline (rollback)\n  {why}" in ops("decisions").out
    assert "python -m ops lift dev --reason" in held.out
    told = refused(ops, NotRetriedError, "retry", "dev")
    assert f"nothing failed in Dev: its latest execution, {newest['pipelineExecutionId']}" in told
    assert ops("lift", "dev", "--reason", "the template is repaired").code == 0
    assert [(each["kind"], each["recorded"]) for each in listed(ops)[-2:]] == [
        ("hold", True),
        ("lift", True),
    ]


def test_a_person_holds_what_asks_and_nothing_else(ops: Ops) -> None:
    assert "does not ask whether it is held" in refused(ops, NotHeldError, "hold", "tell", *WHY)
    ops("hold", "dev", *WHY, "--dry-run")
    assert ops("held", "dev").code == 0
    assert ops("hold", "dev", *WHY).out == "Dev is held until `python -m ops lift`\n"
    ops("hold", "dev", "--reason", "and so says a colleague")
    (first, second) = ops("held", "dev", "--json").document["holds"]
    assert [first["reason"], second["reason"]] == [WHY[1], "and so says a colleague"]
    assert {first["cause"], second["cause"]} == {"wish"}
    assert entry(ops("status", "--json"))["holds"] == [first, second]
    assert len(ops("lift", "dev", "--reason", "over", "--json").document["records"]) == 2
    assert ops("held", "dev").code == 0


def test_whoever_may_not_read_the_decisions_is_told_that_nobody_can_tell(
    releases: Delivery, capsys: pytest.CaptureFixture[str]
) -> None:
    session = restricted(releases, "watches", "codepipeline:Get*", "codepipeline:List*")
    told = said(["status"], session.client, capsys).out
    assert f"    cannot tell whether it is held: the decision bucket {BUCKET} refused" in told
    dev = entry(said(["status", "--json"], session.client, capsys))
    assert (dev["asks"], dev["held"]) == (True, None)
    assert "s3:ListBucket" in dev["unknown"]


def restricted(made: Delivery, name: str, *actions: str) -> Session:
    """Somebody of the tools account who may do no more than this."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    administrator = made.server.session(made.administrators[TOOLS])
    return made.server.session(aws.user(administrator, name, policy))


def test_an_execution_is_followed_by_itself_among_however_many(releases: Delivery) -> None:
    """Whoever may list no executions can follow one."""
    follows = restricted(
        releases,
        "follows",
        "codepipeline:GetPipelineExecution",
        "codepipeline:GetPipelineState",
        "codepipeline:ListActionExecutions",
    )
    (newest, *_) = Pipeline(NAME, releases.client).executions()
    ended = follow(Pipeline(NAME, follows.client), newest.id, lambda _: None)
    assert (ended.id, ended.status, ended.commit) == (newest.id, newest.status, newest.commit)


def test_a_failed_stage_runs_again(releases: Delivery, ops: Ops) -> None:
    execution = release_that_nobody_told_of(releases)
    tell_of(releases, execution, "Rejected")
    assert ops("retry", "tell", "--dry-run").out == f"would retry Tell of {execution}\n"
    again = ops("retry", "tell")
    assert (again.code, again.out) == (0, f"{execution} InProgress\n")
    tell_of(releases, execution, "Approved")
    assert releases.status(execution) == "Succeeded"


def release_that_nobody_told_of(made: Delivery) -> str:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "fifth"}}
    made.commit_and_push("fifth", stack_json=json.dumps({**GOOD, "Resources": {"Topic": topic}}))
    return str(made.newest()["pipelineExecutionId"])


def test_what_another_definition_delivered_is_out_of_reach(releases: Delivery, ops: Ops) -> None:
    good = [
        each
        for each in releases.api.list_pipeline_executions(pipelineName=NAME)[
            "pipelineExecutionSummaries"
        ]
        if each["status"] == "Succeeded" and each["executionType"] == "STANDARD"
    ]
    releases.deploy_pipeline(definition(ExecutionMode="QUEUED"))
    target = good[1]["pipelineExecutionId"]
    told = refused(ops, NotRolledBackError, "rollback", "dev", *WHY)
    assert told.startswith(f"Dev cannot be rolled back to {target}: that was started with version")
    assert "since it updated itself" in told
    assert "git revert" in told
