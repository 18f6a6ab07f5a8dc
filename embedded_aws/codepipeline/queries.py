"""The operations of the API that only read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from embedded_aws import registry
from embedded_aws.answers import page
from embedded_aws.codepipeline import views
from embedded_aws.codepipeline.conditions.views import rule_execution_detail, rule_types
from embedded_aws.codepipeline.executions import ActionRun, Execution
from embedded_aws.codepipeline.state import Pipeline, State
from embedded_aws.json_service import ServiceError

Members = Mapping[str, Any]


class Queries:
    """Answers about the pipelines of the caller's account and region. The caller holds the state's
    lock."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get_pipeline(self, request: Members) -> views.View:
        """GetPipeline."""
        pipeline = self._pipeline(request["name"])
        version = int(request.get("version", pipeline.version))
        if version not in pipeline.history:
            raise ServiceError(
                "PipelineVersionNotFoundException",
                f"Pipeline '{pipeline.name}' has no version {version}",
            )
        return views.pipeline(pipeline, version)

    def get_pipeline_state(self, request: Members) -> views.View:
        """GetPipelineState."""
        return views.pipeline_state(self._pipeline(request["name"]))

    def get_pipeline_execution(self, request: Members) -> views.View:
        """GetPipelineExecution."""
        pipeline = self._pipeline(request["pipelineName"])
        execution = _execution(pipeline, request["pipelineExecutionId"])
        return views.execution(pipeline, execution)

    def list_pipelines(self, request: Members) -> views.View:
        """ListPipelines."""
        pipelines = self._state.at(registry.place())
        return page(request, "pipelines", [views.pipeline_summary(p) for p in pipelines], 1000)

    def list_pipeline_executions(self, request: Members) -> views.View:
        """ListPipelineExecutions."""
        pipeline = self._pipeline(request["pipelineName"])
        wanted = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
        rows = [
            views.execution_summary(execution)
            for execution in reversed(pipeline.executions)
            if wanted is None or execution.succeeded_in(wanted)
        ]
        return page(request, "pipelineExecutionSummaries", rows, 100)

    def list_action_executions(self, request: Members) -> views.View:
        """ListActionExecutions."""
        pipeline = self._pipeline(request["pipelineName"])
        found = _found(pipeline, request, lambda execution: execution.runs)
        rows = [views.action_execution_detail(e, run, pipeline.region) for e, run in found]
        return page(request, "actionExecutionDetails", rows, 100)

    def list_rule_executions(self, request: Members) -> views.View:
        """ListRuleExecutions."""
        pipeline = self._pipeline(request["pipelineName"])
        found = _found(pipeline, request, lambda execution: execution.rule_runs())
        rows = [rule_execution_detail(e, run, pipeline.region) for e, run in found]
        return page(request, "ruleExecutionDetails", rows, 100)

    def list_rule_types(self, request: Members) -> views.View:
        """ListRuleTypes: all of them, by AWS."""
        del request
        return {"ruleTypes": rule_types()}

    def _pipeline(self, name: str) -> Pipeline:
        return self._state.get(registry.place(), name)


def _execution(pipeline: Pipeline, execution_id: str) -> Execution:
    execution = pipeline.execution(execution_id)
    if execution is None:
        raise ServiceError(
            "PipelineExecutionNotFoundException",
            f"Pipeline '{pipeline.name}' has no execution with ID '{execution_id}'",
        )
    return execution


def _found(
    pipeline: Pipeline, request: Members, runs_of: Callable[[Execution], Sequence[ActionRun]]
) -> list[tuple[Execution, ActionRun]]:
    """The runs that the request's filter asks for, newest first."""
    criteria = request.get("filter", {})
    latest = criteria.get("latestInPipelineExecution")
    wanted = (latest or criteria).get("pipelineExecutionId")
    executions = [_execution(pipeline, wanted)] if wanted else pipeline.executions
    found = [
        (execution, run)
        for execution in executions
        for run in (_latest(runs_of(execution)) if latest else runs_of(execution))
    ]
    return sorted(found, key=lambda pair: pair[1].started, reverse=True)


def _latest(runs: Sequence[ActionRun]) -> Sequence[ActionRun]:
    return list({(run.stage, run.action.name): run for run in runs}.values())
