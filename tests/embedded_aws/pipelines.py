"""Pipelines for tests: their CloudFormation properties, and an engine with actions to steer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.conditions import variable
from embedded_aws.codepipeline.definition import parse
from embedded_aws.codepipeline.engine import Engine
from embedded_aws.codepipeline.executions import Execution
from embedded_aws.codepipeline.state import Pipeline, State

ACCOUNT, REGION = "111111111111", "us-west-2"
PATIENCE = 10.0
SOURCE = ("Source", "CodeStarSourceConnection")
BUILD = ("Build", "CodeBuild")
APPROVAL = ("Approval", "Manual")
CONFIGURATION = {
    SOURCE: {"ConnectionArn": "arn:c", "FullRepositoryId": "o/r", "BranchName": "main"},
    BUILD: {"ProjectName": "project"},
    APPROVAL: {},
}


def action(name: str, kind: tuple[str, str] = BUILD, order: int = 1, **more: Any) -> dict[str, Any]:
    """An action's properties; `more` is added, its Configuration merged.

    A build takes the source's artifact unless `more` says otherwise.
    """
    if kind == BUILD:
        more.setdefault("InputArtifacts", [{"Name": "Code"}])
    configuration = {**CONFIGURATION[kind], **more.pop("Configuration", {})}
    return {
        "Name": name,
        "ActionTypeId": {"Category": kind[0], "Owner": "AWS", "Provider": kind[1], "Version": "1"},
        "RunOrder": order,
        "Configuration": configuration,
        **more,
    }


def source(**more: Any) -> dict[str, Any]:
    """The usual source action."""
    return action("Push", SOURCE, Namespace="Src", OutputArtifacts=[{"Name": "Code"}], **more)


def properties(*stages: tuple[str, list[dict[str, Any]]], **more: Any) -> dict[str, Any]:
    """Properties of a pipeline: Source, then the given stages."""
    return {
        "Name": "delivery",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/pipeline",
        "PipelineType": "V2",
        "ArtifactStore": {"Type": "S3", "Location": "artifacts"},
        "Stages": [
            {"Name": name, "Actions": actions}
            for name, actions in [("Source", [source()]), *stages]
        ],
        **more,
    }


def rule(name: str, provider: str = "LambdaInvoke", **more: Any) -> dict[str, Any]:
    """A rule's properties; by default one that the bench performs, as an action of its name."""
    configuration = {"FunctionName": "f"} if provider == "LambdaInvoke" else {}
    return {
        "Name": name,
        "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": provider, "Version": "1"},
        "Configuration": {**configuration, **more.pop("Configuration", {})},
        **more,
    }


def check(variable: str, operator: str, value: str, name: str = "Check") -> dict[str, Any]:
    """A VariableCheck."""
    configuration = {"Variable": variable, "Operator": operator, "Value": value}
    return rule(name, "VariableCheck", Configuration=configuration)


def conditions(result: str, *rules: dict[str, Any]) -> dict[str, Any]:
    """What BeforeEntry, OnSuccess and OnFailure hold."""
    return {"Conditions": [{"Result": result, "Rules": list(rules)}]}


def with_conditions(given: dict[str, Any], stage: str, **conditions: Any) -> dict[str, Any]:
    """The properties of a pipeline whose stage has these conditions."""
    stages = [{**s, **conditions} if s["Name"] == stage else s for s in given["Stages"]]
    return {**given, "Stages": stages}


class Bench:
    """One pipeline on an engine whose actions do what a test tells them to."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.state = State()
        self.engine = Engine(
            self.state,
            {
                "CodeStarSourceConnection": self._act,
                "CodeBuild": self._act,
                "LambdaInvoke": self._act,
                "VariableCheck": variable.compare,
                "Manual": lambda context: (
                    context.report(token=f"token-{context.execution_id}"),
                    Outcome(),
                )[1],
            },
        )
        structure = parse(given, given["Name"], REGION)
        self.pipeline = Pipeline(ACCOUNT, REGION, structure, history={1: structure})
        self.state.add(self.pipeline)
        self.behaviour: dict[str, Callable[[Context], Outcome]] = {}
        self.performed: list[str] = []
        self._gates: dict[str, threading.Event] = {}

    def _act(self, context: Context) -> Outcome:
        name = context.action.name
        with self.state.changed:
            self.performed.append(name)
            self.state.changed.notify_all()
        if name in self._gates:
            assert self._gates[name].wait(PATIENCE), f"{name} was never let go"
        outcome = self.behaviour.get(name, lambda _: Outcome())(context)
        made = tuple(context.outputs.values())
        return Outcome(outcome.variables, outcome.artifacts or made, outcome.summary)

    def hold(self, name: str) -> None:
        """From now on, an action of this name runs until it is let go."""
        self._gates[name] = threading.Event()

    def let_go(self, name: str) -> None:
        """Lets the actions of this name end, also later ones."""
        self._gates[name].set()

    def fail(self, name: str, message: str = "broken") -> None:
        """An action of this name fails."""

        def failing(_: Context) -> Outcome:
            raise ActionError(message)

        self.behaviour[name] = failing

    def start(self) -> Execution:
        """A new execution."""
        return self.engine.start(self.pipeline, ("StartPipelineExecution", "test"))

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Waits for a state; fails naming `what` when it does not come."""
        with self.state.changed:
            assert self.state.changed.wait_for(condition, PATIENCE), f"never happened: {what}"

    def ended(self, execution: Execution, status: str) -> None:
        """Waits for the end of an execution and checks how it ended."""
        self.until(lambda: execution.ended, f"{execution.id} ends")
        assert execution.status == status, execution.summary

    def running(self, execution: Execution, name: str) -> None:
        """Waits until an action of the execution is in progress, and has begun to act or to ask."""

        def acts() -> bool:
            run = next((r for r in execution.runs if r.action.name == name), None)
            if run is None or run.status != "InProgress":
                return False
            return run.token is not None if run.action.is_approval else name in self.performed

        self.until(acts, f"{name} runs")

    def waiting(self, execution: Execution, stage: str) -> None:
        """Waits until the execution waits before a stage."""
        self.until(
            lambda: execution in self.pipeline.stage_state(stage).waiting, f"waits for {stage}"
        )

    def approve(
        self, execution: Execution, name: str = "Approve", *, approved: bool = True
    ) -> None:
        """Answers the approval that the execution waits for."""
        self.until(
            lambda: any(r.action.name == name and r.token for r in execution.runs), "approval"
        )
        run = next(r for r in reversed(execution.runs) if r.action.name == name)
        self.engine.answer_approval(
            self.pipeline, run, approved=approved, summary="because", by="arn:tester"
        )
