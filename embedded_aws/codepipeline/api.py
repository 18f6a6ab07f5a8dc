"""CodePipeline's API, as its service model of 2015-07-09 has it.

What a permission must cover: service authorization reference, "list_awscodepipeline" (pipeline,
stage and action ARNs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ministack.core.iam_evaluator import caller_arn
from ministack.core.responses import get_account_id

from embedded_aws import members, registry
from embedded_aws.codepipeline import resources, views, webhooks
from embedded_aws.codepipeline.actions import approval, build, deploy, source
from embedded_aws.codepipeline.engine import Engine
from embedded_aws.codepipeline.requests import invalid, page
from embedded_aws.codepipeline.state import ActionRun, Execution, Pipeline, State
from embedded_aws.connections import pushes
from embedded_aws.json_service import JsonService, Operation, ServiceError

Members = Mapping[str, Any]


def install() -> None:
    """Registers the API and the resource type, and follows the pushes to connections."""
    engine = Engine(
        State(),
        {
            "CodeStarSourceConnection": source.fetch,
            "CodeBuild": build.build,
            "CloudFormation": deploy.deploy,
            "Manual": approval.ask,
        },
    )
    registry.register_service(
        "codepipeline",
        Api(engine),
        target_prefixes=["CodePipeline_20150709"],
        iam_namespace="codepipeline",
        resource_arn=resource_arn,
    )
    resources.install(engine)
    pushes.follow(webhooks.Starter(engine))


class Api(JsonService):
    """Answers requests about the pipelines of one engine."""

    title = "CodePipeline"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._state = engine.state
        self._tokens: dict[tuple[str, str, str], str] = {}
        operations: Mapping[str, Operation] = {
            "GetPipeline": self._get_pipeline,
            "GetPipelineState": self._get_pipeline_state,
            "GetPipelineExecution": self._get_pipeline_execution,
            "ListPipelines": self._list_pipelines,
            "ListPipelineExecutions": self._list_pipeline_executions,
            "ListActionExecutions": self._list_action_executions,
            "StartPipelineExecution": self._start_pipeline_execution,
            "StopPipelineExecution": self._stop_pipeline_execution,
            "PutApprovalResult": self._put_approval_result,
            "RetryStageExecution": self._retry_stage_execution,
        }
        locked = {name: partial(self._locked, each) for name, each in operations.items()}
        super().__init__(locked, members.model("codepipeline"))

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

    # -- reading -------------------------------------------------------------------------------

    def _get_pipeline(self, request: Members) -> views.View:
        pipeline = self._pipeline(request["name"])
        version = int(request.get("version", pipeline.version))
        if version not in pipeline.history:
            raise ServiceError(
                "PipelineVersionNotFoundException",
                f"Pipeline '{pipeline.name}' has no version {version}",
            )
        return views.pipeline(pipeline, version)

    def _get_pipeline_state(self, request: Members) -> views.View:
        return views.pipeline_state(self._pipeline(request["name"]))

    def _get_pipeline_execution(self, request: Members) -> views.View:
        pipeline = self._pipeline(request["pipelineName"])
        execution = _execution(pipeline, request["pipelineExecutionId"])
        return views.execution(pipeline, execution)

    def _list_pipelines(self, request: Members) -> views.View:
        pipelines = self._state.of_account(get_account_id())
        return page(request, "pipelines", [views.pipeline_summary(p) for p in pipelines], 1000)

    def _list_pipeline_executions(self, request: Members) -> views.View:
        pipeline = self._pipeline(request["pipelineName"])
        wanted = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
        rows = [
            views.execution_summary(execution)
            for execution in reversed(pipeline.executions)
            if wanted is None or _succeeded_in(execution, wanted)
        ]
        return page(request, "pipelineExecutionSummaries", rows, 100)

    def _list_action_executions(self, request: Members) -> views.View:
        pipeline = self._pipeline(request["pipelineName"])
        criteria = request.get("filter", {})
        latest = criteria.get("latestInPipelineExecution")
        wanted = (latest or criteria).get("pipelineExecutionId")
        executions = [_execution(pipeline, wanted)] if wanted else pipeline.executions
        found = [(e, run) for e in executions for run in _runs(e, latest is not None)]
        found.sort(key=lambda pair: pair[1].started, reverse=True)
        rows = [views.action_execution_detail(e, run, pipeline.region) for e, run in found]
        return page(request, "actionExecutionDetails", rows, 100)

    # -- acting --------------------------------------------------------------------------------

    def _start_pipeline_execution(self, request: Members) -> views.View:
        pipeline = self._pipeline(request["name"])
        token = request.get("clientRequestToken", "")
        key = (pipeline.account, pipeline.name, token)
        if not token or key not in self._tokens:
            execution = self._engine.start(
                pipeline,
                ("StartPipelineExecution", caller_arn()),
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
        return self._state.get(get_account_id(), name)


def _approval(pipeline: Pipeline, request: Members) -> ActionRun:
    """The approval that the token was given for."""
    stage_name, action_name = request["stageName"], request["actionName"]
    stage = pipeline.structure.stage(stage_name)
    if stage is None:
        raise ServiceError("StageNotFoundException", f"There is no stage '{stage_name}'")
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


def _execution(pipeline: Pipeline, execution_id: str) -> Execution:
    execution = pipeline.execution(execution_id)
    if execution is None:
        raise ServiceError(
            "PipelineExecutionNotFoundException",
            f"Pipeline '{pipeline.name}' has no execution with ID '{execution_id}'",
        )
    return execution


def _runs(execution: Execution, latest_only: bool) -> Sequence[ActionRun]:
    if not latest_only:
        return execution.runs
    return list({(run.stage, run.action.name): run for run in execution.runs}.values())


def _succeeded_in(execution: Execution, stage: str) -> bool:
    return stage in execution.stages and execution.stages[stage].status == "Succeeded"


def _overrides(
    pipeline: Pipeline, rows: Sequence[Mapping[str, str]]
) -> dict[str, tuple[str, str | None]]:
    sources = {action.name for action in pipeline.structure.sources()}
    for row in rows:
        if row["actionName"] not in sources or row["revisionType"] != "COMMIT_ID":
            raise invalid(
                f"sourceRevisions: a COMMIT_ID of one of {sorted(sources)} is needed, not {row}"
            )
    return {row["actionName"]: (row["revisionValue"], None) for row in rows}


_STAGE = frozenset(
    {
        "DisableStageTransition",
        "EnableStageTransition",
        "OverrideStageCondition",
        "RetryStageExecution",
        "RollbackStage",
    }
)
_ACTION = frozenset({"PutActionRevision", "PutApprovalResult"})


def resource_arn(action: str, body: Mapping[str, Any], account: str) -> str | None:
    """The ARN that a permission must cover; None for those that know no resources."""
    name = body.get("pipelineName") or body.get("name")
    if not isinstance(name, str):
        return None
    parts = [name]
    if action in _STAGE | _ACTION:
        parts.append(str(body.get("stageName")))
    if action in _ACTION:
        parts.append(str(body.get("actionName")))
    return f"arn:aws:codepipeline:{registry.region()}:{account}:{'/'.join(parts)}"
