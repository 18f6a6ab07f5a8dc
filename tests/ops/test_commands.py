"""The commands about a pipeline: what they show people and programs, and what they refuse.

Proves it on a running emulator. That GitHub draws the chart is not shown here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.__main__ import COMMANDS, main, parsers
from ops.errors import NoSuchEnvironmentError, NoSuchPipelineError
from ops.graph import mermaid
from ops.reference import PAGE, page
from tests.embedded_aws.delivery import NAME, Delivery
from tests.embedded_aws.emulated import DEV, TOOLS
from tests.ops.conftest import Ops

STACK = "tap-drifting"
TEMPLATE = """
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: drifting-queue, VisibilityTimeout: 30}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: drifting-topic}
  Key:
    Type: AWS::KMS::Key
    Properties: {Description: "no drift detection in the emulator"}
"""


def test_the_reference_is_what_the_commands_say() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m ops.reference"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_a_document_for_programs_and_says_what_it_does(command: str) -> None:
    text = parsers()[1][command].format_help()
    assert "--json" in text
    assert len(COMMANDS[command].__doc__ or "") > 40
    assert "{" not in text


def test_a_wrong_command_line_and_missing_credentials_exit_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as wrong:
        main(["deploy"])
    assert wrong.value.code == 2
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert main(["status"]) == 2
    assert "ops: AWS cannot be asked: " in capsys.readouterr().err


def test_the_status_names_every_action(ops: Ops) -> None:
    shown = ops("status").out
    assert shown.startswith(f"{NAME}: ")
    assert all(f"    {action} " in shown for action in ("Push", "Approve", "Prepare", "Deploy"))
    document = ops("status", "--json", "--pipeline", NAME).document
    assert [each["action"] for each in document["actions"]] == [
        "Push",
        "Approve",
        "Prepare",
        "Deploy",
    ]


def test_the_graph_has_stages_and_actions_in_their_order(ops: Ops) -> None:
    chart = ops("graph").out
    assert chart.startswith("flowchart LR\n")
    assert re.findall(r'subgraph s\d\["(\w+)"\]', chart) == ["Source", "Promote", "Dev"]
    assert "a2_0 --> a2_1" in chart
    assert 'a1_0{{"Approve<br/>Manual"}}' in chart
    assert "s0 --> s1\n  s1 --> s2" in chart
    stages = ops("graph", "--json").document["stages"]
    assert [stage["steps"] for stage in stages] == [
        [["Push"]],
        [["Approve"]],
        [["Prepare"], ["Deploy"]],
    ]


def test_names_cannot_break_the_graph() -> None:
    kind = {"category": "Build", "provider": 'x"]; click y'}
    action = {"name": 'a"] --> s9; %%', "actionTypeId": kind, "runOrder": 1}
    chart = mermaid([{"name": 'end"]\nclass', "actions": [action, {**action, "name": "b"}]}])
    lines = chart.splitlines()
    assert len(lines) == 6
    assert lines[1].count('"') == lines[3].count('"') == 2
    assert "a0_0 --> a0_1" not in chart  # both at once


def test_another_name_or_account_is_told_what_there_is(delivery: Delivery, ops: Ops) -> None:
    with pytest.raises(
        NoSuchPipelineError, match=f"no pipeline nobody.*account {TOOLS} has {NAME}"
    ):
        ops("status", "--pipeline", "nobody")
    with pytest.raises(NoSuchPipelineError, match="take the credentials of the pipeline's account"):
        ops("status", client=lambda service: delivery.client(service, DEV))


def test_the_figures_are_written_as_a_plot(ops: Ops, tmp_path: Path) -> None:
    plot = tmp_path / "figures.svg"
    table = ops("delivery", "--plot", str(plot)).out
    assert plot.read_text().startswith("<svg ")
    assert "Time to restore" in plot.read_text()
    assert "lead time" in table or table == "nothing was deployed or decided yet\n"


def test_what_was_changed_by_hand_is_told(delivery: Delivery, ops: Ops) -> None:
    def dev(service: str) -> object:
        return delivery.client(service, DEV)

    with pytest.raises(NoSuchEnvironmentError, match="no stack tap-nobody here"):
        ops("drift", "nobody", client=dev)
    cloudformation = delivery.client("cloudformation", DEV)
    cloudformation.create_stack(StackName=STACK, TemplateBody=TEMPLATE)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1}
    )
    clean = ops("drift", "drifting", client=dev)
    assert (clean.code, clean.out.partition(":")[0]) == (0, "drifting is as its templates say")
    sqs, sns = delivery.client("sqs", DEV), delivery.client("sns", DEV)
    url = sqs.get_queue_url(QueueName="drifting-queue")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})
    (topic,) = [t["TopicArn"] for t in sns.list_topics()["Topics"] if "drifting" in t["TopicArn"]]
    sns.delete_topic(TopicArn=topic)

    drifted = ops("drift", "drifting", client=dev)

    assert drifted.code == 1
    assert "drifting has drifted: 2 resources in 1 stack(s) were looked at" in drifted.out
    assert "cannot look at 1 more" in drifted.out
    assert "Queue" in drifted.out
    assert "/VisibilityTimeout is 99, the template has 30" in drifted.out
    assert "was deleted by hand" in drifted.out
    document = ops("drift", "drifting", "--json", client=dev).document
    assert document["unseen"] == [f"{STACK}/Key"]
    assert {each["status"] for each in document["drifted"]} == {"MODIFIED", "DELETED"}
