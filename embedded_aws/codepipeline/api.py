"""CodePipeline's API, as its service model of 2015-07-09 has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

from ministack.core.iam_evaluator import caller_arn

from embedded_aws import members, registry
from embedded_aws.codepipeline import events, polling, regions, resources, views, webhooks
from embedded_aws.codepipeline.actions import approval, build, codecommit, deploy, s3_source, source
from embedded_aws.codepipeline.conditions import alarm, commands, function, variable, window
from embedded_aws.codepipeline.engine import Engine
from embedded_aws.codepipeline.executions import ActionRun
from embedded_aws.codepipeline.permissions import resource_arn
from embedded_aws.codepipeline.queries import Queries
from embedded_aws.codepipeline.requests import invalid, stage_of
from embedded_aws.codepipeline.state import Pipeline, State
from embedded_aws.connections import pushes
from embedded_aws.json_service import Answer, JsonService, Operation, ServiceError

Members = Mapping[str, Any]
_rule: ContextVar[str] = ContextVar("_rule")
"""The rule of EventBridge that starts a pipeline, empty for any other caller."""


def install() -> None:
    """Registers the API and the resource type, and follows the pushes to connections."""
    runners = {
        "CodeStarSourceConnection": source.fetch,
        "CodeCommit": codecommit.fetch,
        "S3": s3_source.fetch,
        "CodeBuild": build.build,
        "CloudFormation": deploy.deploy,
        "Manual": approval.ask,
        "CloudWatchAlarm": alarm.watch,
        "Commands": commands.run,
        "DeploymentWindow": window.wait,
        "LambdaInvoke": function.invoke,
        "VariableCheck": variable.compare,
    }
    engine = Engine(State(), {name: regions.placed(each) for name, each in runners.items()})
    registry.register_service(
        "codepipeline",
        Api(engine),
        target_prefixes=["CodePipeline_20150709"],
        iam_namespace="codepipeline",
        resource_arn=resource_arn,
    )
    resources.install(engine)
    pushes.follow(webhooks.Starter(engine))
    pushes.follow(events.install())
    pushes.follow(polling.install(engine))


class Api(JsonService):
    """Answers requests about the pipelines of one engine."""

    title = "CodePipeline"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._state = engine.state
        self._tokens: dict[tuple[str, str], str] = {}
        queries = Queries(self._state)
        operations: Mapping[str, Operation] = {
            "GetPipeline": queries.get_pipeline,
            "GetPipelineState": queries.get_pipeline_state,
            "GetPipelineExecution": queries.get_pipeline_execution,
            "ListPipelines": queries.list_pipelines,
            "ListPipelineExecutions": queries.list_pipeline_executions,
            "ListActionExecutions": queries.list_action_executions,
            "ListRuleExecutions": queries.list_rule_executions,
            "ListRuleTypes": queries.list_rule_types,
            "OverrideStageCondition": self._override_stage_condition,
            "PutJobFailureResult": self._put_job_failure_result,
            "PutJobSuccessResult": self._put_job_success_result,
            "RollbackStage": self._rollback_stage,
            "StartPipelineExecution": self._start_pipeline_execution,
            "StopPipelineExecution": self._stop_pipeline_execution,
            "PutApprovalResult": self._put_approval_result,
            "RetryStageExecution": self._retry_stage_execution,
        }
        locked = {name: partial(self._locked, each) for name, each in operations.items()}
        super().__init__(locked, members.model("codepipeline"))

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> Answer:
        """One request; see `registry.Service`. A rule of EventBridge says that it is one."""
        _rule.set(headers.get(registry.INITIATOR_HEADER, ""))
        return await super().handle_request(method, path, headers, body, query_params)

    def reset(self) -> None:
        """Forgets every pipeline; what runs ends without anybody waiting for it."""
        for pipeline in self._state:
            self._engine.delete(pipeline)

    def get_state(self) -> dict[str, Any]:
        """Every pipeline with all that it ever ran. Raises `StateError` while an execution runs."""
        with self._state.changed:
            return {"pipelines": self._state.at_rest(), "tokens": self._tokens}

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        """Takes them back."""
        with self._state.changed:
            for pipeline in data["pipelines"]:
                self._state.add(pipeline)
            self._tokens.update(data["tokens"])

    def _locked(self, operation: Operation, request: Members) -> Mapping[str, Any]:
        with self._state.changed:
            return operation(request)

    # -- acting --------------------------------------------------------------------------------

    def _start_pipeline_execution(self, request: Members) -> views.View:
        pipeline = self._pipeline(request["name"])
        token = request.get("clientRequestToken", "")
        key = (pipeline.arn, token)
        if not token or key not in self._tokens:
            rule = _rule.get()
            execution = self._engine.start(
                pipeline,
                ("CloudWatchEvent", rule) if rule else ("StartPipelineExecution", caller_arn()),
                variables={v["name"]: v["value"] for v in request.get("variables", ())},
                revisions=_overrides(pipeline, request.get("sourceRevisions", ())),
            )
            self._tokens[key] = execution.id
        return {"pipelineExecutionId": self._tokens[key]}

    def _stop_pipeline_execution(self, request: Members) -> views.View:
        pipeline = self._pipeline(request["pipelineName"])
        execution_id = request["pipelineExecutionId"]
        self._engine.stop(
            pipeline,
            execution_id,
            abandon=request.get("abandon", False),
            reason=request.get("reason", ""),
        )
        return {"pipelineExecutionId": execution_id}

    def _retry_stage_execution(self, request: Members) -> views.View:
        pipeline = self._pipeline(request["pipelineName"])
        execution_id = request["pipelineExecutionId"]
        self._engine.retry(pipeline, request["stageName"], execution_id, request["retryMode"])
        return {"pipelineExecutionId": execution_id}

    def _rollback_stage(self, request: Members) -> views.View:
        execution = self._engine.rollback(
            self._pipeline(request["pipelineName"]),
            request["stageName"],
            request["targetPipelineExecutionId"],
            caller_arn(),
        )
        return {"pipelineExecutionId": execution.id}

    def _override_stage_condition(self, request: Members) -> views.View:
        self._engine.override(
            self._pipeline(request["pipelineName"]),
            request["stageName"],
            request["pipelineExecutionId"],
            request["conditionType"],
        )
        return {}

    def _put_job_success_result(self, request: Members) -> views.View:
        self._engine.answer_job(self._job(request["jobId"]))
        return {}

    def _put_job_failure_result(self, request: Members) -> views.View:
        details = request["failureDetails"]
        failure = (str(details["type"]), str(details["message"]))
        self._engine.answer_job(self._job(request["jobId"]), failure)
        return {}

    def _job(self, job_id: str) -> ActionRun:
        """The run that a function was given as a job."""
        for pipeline in self._state.at(registry.place()):
            for execution in pipeline.executions:
                for run in execution.rule_runs():
                    if (run.id, run.action.provider) == (job_id, "LambdaInvoke"):
                        return run
        raise ServiceError("JobNotFoundException", f"There is no job {job_id}")

    def _put_approval_result(self, request: Members) -> views.View:
        pipeline = self._pipeline(request["pipelineName"])
        result = request["result"]
        at = self._engine.answer_approval(
            pipeline,
            _approval(pipeline, request),
            approved=result["status"] == "Approved",
            summary=result["summary"],
            by=caller_arn(),
        )
        return {"approvedAt": at.timestamp()}

    def _pipeline(self, name: str) -> Pipeline:
        return self._state.get(registry.place(), name)


def _approval(pipeline: Pipeline, request: Members) -> ActionRun:
    """The approval that the token was given for."""
    stage_name, action_name = request["stageName"], request["actionName"]
    stage = stage_of(pipeline.structure, stage_name)
    if stage.action(action_name) is None:
        raise ServiceError(
            "ActionNotFoundException", f"There is no action '{action_name}' in '{stage_name}'"
        )
    token = request["token"]
    for execution in pipeline.executions:
        for run in execution.runs:
            if (run.stage, run.action.name, run.token) == (stage_name, action_name, token):
                return run
    raise ServiceError("InvalidApprovalTokenException", f"The approval token {token} is not valid")


_REVISION_TYPES = {
    "CodeCommit": "COMMIT_ID",
    "CodeStarSourceConnection": "COMMIT_ID",
    "S3": "S3_OBJECT_VERSION_ID",
}
"""How the source of an action can be overridden: API reference, SourceRevisionOverride."""


def _overrides(
    pipeline: Pipeline, rows: Sequence[Mapping[str, str]]
) -> dict[str, tuple[str, str | None]]:
    types = {a.name: _REVISION_TYPES[a.provider] for a in pipeline.structure.sources()}
    for row in rows:
        if types.get(row["actionName"]) != row["revisionType"]:
            raise invalid(f"sourceRevisions: what may be overridden here is {types}, not {row}")
    return {row["actionName"]: (row["revisionValue"], None) for row in rows}
