"""One pipeline as the people who operate it see it: executions, actions, approvals, builds.

Everything is asked of the CodePipeline, CodeBuild and CloudWatch Logs APIs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ops.errors import NoSuchPipelineError, UnknownActionError
from ops.records import (
    ActionRun,
    DeclaredAction,
    Execution,
    PendingApproval,
    TestCase,
    action_run,
    execution,
    rule_run,
)

_TAKEN = re.compile(r"#\{[\w@-]+\.(\w+)\}")


class Pipeline:
    """The pipeline `name`. `client` makes the boto3 client of a service, with the permissions of
    whoever operates the pipeline."""

    def __init__(self, name: str, client: Callable[[str], Any]) -> None:
        self.name = name
        self._pipeline = client("codepipeline")
        self._builds = client("codebuild")
        self._logs = client("logs")

    def start(self) -> str:
        """Starts an execution with the newest source; its id."""
        return str(self._pipeline.start_pipeline_execution(name=self.name)["pipelineExecutionId"])

    def executions(self) -> list[Execution]:
        """Every execution, newest first."""
        pages = self._pipeline.get_paginator("list_pipeline_executions")
        return [
            execution(row)
            for page in pages.paginate(pipelineName=self.name)
            for row in page["pipelineExecutionSummaries"]
        ]

    def execution(self, execution_id: str) -> Execution:
        """One execution, as GetPipelineExecution has it."""
        found = self._pipeline.get_pipeline_execution(
            pipelineName=self.name, pipelineExecutionId=execution_id
        )["pipelineExecution"]
        return execution({**found, "sourceRevisions": found.get("artifactRevisions", [])})

    def is_rollback(self, execution_id: str) -> bool:
        """Whether that execution deploys again what an earlier one did."""
        return any(each.rollback for each in self.executions() if each.id == execution_id)

    def action_runs(self, execution_id: str) -> list[ActionRun]:
        """The actions of one execution in the order they started; a retried one counts once, at
        the place of its last run."""
        return _latest(self._runs(filter={"pipelineExecutionId": execution_id}))

    def runs(self, execution_id: str) -> list[ActionRun]:
        """The same, with the builds that conditions asked, by the names of their rules."""
        return _latest([*self.action_runs(execution_id), *self.asked(execution_id)])

    def asked(self, execution_id: str | None = None) -> list[ActionRun]:
        """The builds that conditions of stages asked, in one execution or in all, as `action_runs`
        has actions ("ListRuleExecutions", AWS CodePipeline API Reference)."""
        which = {"filter": {"pipelineExecutionId": execution_id}} if execution_id else {}
        pages = self._pipeline.get_paginator("list_rule_executions").paginate(
            pipelineName=self.name, **which
        )
        runs = [rule_run(row) for page in pages for row in page["ruleExecutionDetails"]]
        return _latest(run for run in runs if run.is_build)

    def history(self) -> list[ActionRun]:
        """Every run of every action, oldest first: of twelve months ("ListActionExecutions",
        AWS CodePipeline API Reference)."""
        return sorted(self._runs(), key=lambda run: run.started)

    def _runs(self, **filtered: Any) -> Iterator[ActionRun]:
        pages = self._pipeline.get_paginator("list_action_executions")
        for page in pages.paginate(pipelineName=self.name, **filtered):
            yield from map(action_run, page["actionExecutionDetails"])

    def latest_run(self, name: str) -> ActionRun:
        """The newest run of the action called `Action` or `Stage/Action`, in any case of letters,
        or of the rule whose build a condition asked.

        Raises `UnknownActionError`, which names the actions that there are.
        """
        seen: dict[str, ActionRun] = {}
        for each in self.executions():
            for found in self.runs(each.id):
                seen.setdefault(found.label, found)
        wanted = name.lower()
        fitting = [r for r in seen.values() if wanted in (r.label.lower(), r.action.lower())]
        if len(fitting) == 1:
            return fitting[0]
        choices = ", ".join(found.label for found in fitting or seen.values()) or "none so far"
        problem = "fits several actions" if fitting else "has not run"
        raise UnknownActionError(f"{name!r} {problem}; there are: {choices}")

    def pending_approval(self) -> PendingApproval | None:
        """The approval that waits now, if one does."""
        for stage in self.state():
            for action in stage["actionStates"]:
                latest = action.get("latestExecution", {})
                # Only an approval that waits carries a token: API reference, ActionExecution.
                if latest.get("status") == "InProgress" and latest.get("token"):
                    return PendingApproval(
                        stage=stage["stageName"],
                        action=action["actionName"],
                        token=latest["token"],
                        execution_id=stage["latestExecution"]["pipelineExecutionId"],
                        message=latest.get("summary", ""),
                        action_execution_id=latest["actionExecutionId"],
                    )
        return None

    def answer(self, approval: PendingApproval, *, approved: bool, reason: str) -> None:
        """Approve or reject; `reason` is kept with the execution (512 characters at most)."""
        self._pipeline.put_approval_result(
            pipelineName=self.name,
            stageName=approval.stage,
            actionName=approval.action,
            token=approval.token,
            result={"status": "Approved" if approved else "Rejected", "summary": reason},
        )

    def retry(self, stage: str, execution_id: str, *, all_actions: bool) -> None:
        """Runs a failed stage again: its failed actions, or all."""
        self._pipeline.retry_stage_execution(
            pipelineName=self.name,
            stageName=stage,
            pipelineExecutionId=execution_id,
            retryMode="ALL_ACTIONS" if all_actions else "FAILED_ACTIONS",
        )

    def roll_back(self, stage: str, target: str) -> str:
        """Rolls a stage back to what an execution left there; the new execution's id."""
        answer = self._pipeline.rollback_stage(
            pipelineName=self.name, stageName=stage, targetPipelineExecutionId=target
        )
        return str(answer["pipelineExecutionId"])

    def version(self) -> int:
        """Of its definition: every update makes another ("GetPipeline")."""
        return int(self._pipeline.get_pipeline(name=self.name)["pipeline"]["version"])

    def version_of(self, execution_id: str) -> int:
        """Of the definition that an execution was started with ("GetPipelineExecution")."""
        answer = self._pipeline.get_pipeline_execution(
            pipelineName=self.name, pipelineExecutionId=execution_id
        )
        return int(answer["pipelineExecution"]["pipelineVersion"])

    def declared_actions(self) -> list[DeclaredAction]:
        """The actions of the definition, in the order in which they run."""
        return [
            _declared_action(stage["name"], action)
            for stage in self.stages()
            for action in sorted(stage["actions"], key=lambda each: int(each.get("runOrder", 1)))
        ]

    def stages(self) -> list[dict[str, Any]]:
        """As declared: `name`, and `actions` with `name`, `actionTypeId`, `runOrder`."""
        return list(self._pipeline.get_pipeline(name=self.name)["pipeline"]["stages"])

    def output_variables(self, stage: str) -> dict[str, str]:
        """The variables that builds of a stage take from outputs of stacks: the outputs' names.

        Source: "Variables reference" in the AWS CodePipeline User Guide, `#{namespace.variable}`.
        """
        configured = (
            action.get("configuration", {}).get("EnvironmentVariables", "[]")
            for each in self.stages()
            if each["name"] == stage
            for action in each["actions"]
        )
        return {
            variable["name"]: taken[1]
            for variables in configured
            for variable in json.loads(variables)
            if (taken := _TAKEN.fullmatch(variable["value"]))
        }

    def log_lines(self, run: ActionRun) -> list[str]:
        """The log of an action's build, oldest line first; empty while it has written nothing.

        Raises `UnknownActionError` when the action is no build.
        """
        if not run.is_build:
            raise UnknownActionError(f"{run.label} is not a build, so it has no log")
        location = self._build(run).get("logs", {})
        if not location.get("streamName"):
            return []
        try:
            return list(self._events(location["groupName"], location["streamName"]))
        except self._logs.exceptions.ResourceNotFoundException:
            return []  # it failed before it could write

    def _events(self, group: str, stream: str) -> Iterator[str]:
        token: dict[str, str] = {}
        while True:
            page = self._logs.get_log_events(
                logGroupName=group, logStreamName=stream, startFromHead=True, **token
            )
            yield from (event["message"].rstrip("\n") for event in page["events"])
            # The end is reached when the same token comes back: API reference, GetLogEvents.
            if not page["events"] or token.get("nextToken") == page["nextForwardToken"]:
                return
            token = {"nextToken": page["nextForwardToken"]}

    def test_cases(self, run: ActionRun) -> list[TestCase]:
        """Every check that the action's build reported; empty if it reported none."""
        if not run.is_build:
            return []
        pages = self._builds.get_paginator("describe_test_cases")
        return [
            TestCase(row["name"], row["status"] == "SUCCEEDED", row.get("message", ""))
            for arn in self._build(run).get("reportArns", [])
            for page in pages.paginate(reportArn=arn)
            for row in page["testCases"]
        ]

    def _build(self, run: ActionRun) -> dict[str, Any]:
        builds = self._builds.batch_get_builds(ids=[run.external_id])["builds"]
        return dict(builds[0]) if builds else {}

    def state(self) -> list[dict[str, Any]]:
        """`stageStates` of `GetPipelineState`."""
        return list(self._pipeline.get_pipeline_state(name=self.name)["stageStates"])


def _latest(runs: Iterable[ActionRun]) -> list[ActionRun]:
    latest: dict[tuple[str, str], ActionRun] = {}
    for run in sorted(runs, key=lambda run: run.started):
        latest.pop((run.execution_id, run.label), None)
        latest[run.execution_id, run.label] = run
    return list(latest.values())


def _declared_action(stage: str, action: dict[str, Any]) -> DeclaredAction:
    kind = f"{action['actionTypeId']['category']}/{action['actionTypeId']['provider']}"
    mode = action.get("configuration", {}).get("ActionMode", "")
    return DeclaredAction(stage, action["name"], kind, mode)


def found(client: Callable[[str], Any], name: str | None) -> Pipeline:
    """The pipeline of this name, or the only one there is. Raises `NoSuchPipelineError`."""
    api = client("codepipeline")
    if name is not None:
        try:
            api.get_pipeline_state(name=name)
            return Pipeline(name, client)
        except api.exceptions.PipelineNotFoundException:
            pass
    pages = api.get_paginator("list_pipelines").paginate()
    known = [each["name"] for page in pages for each in page["pipelines"]]
    if name is None and len(known) == 1:
        return Pipeline(known[0], client)
    what = f"there is no pipeline {name}" if name else "say which pipeline, with --pipeline"
    where = client("sts").get_caller_identity()["Account"]
    others = ", ".join(known) or "none: take the credentials of the pipeline's account"
    raise NoSuchPipelineError(f"{what}; account {where} has {others}")
