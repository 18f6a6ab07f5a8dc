"""CodePipeline's API, as its service model of 2015-07-09 has it: JSON 1.1.

Operations that the rehearsal does not have are refused by name, so that nobody takes silence for
success.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.core.iam_evaluator import resolve_caller_identity
from ministack.core.responses import get_account_id

from embedded_aws import registry
from embedded_aws.codepipeline import views
from embedded_aws.codepipeline.engine import Engine
from embedded_aws.codepipeline.errors import CodePipelineError
from embedded_aws.codepipeline.requests import Request
from embedded_aws.codepipeline.state import ActionRun, Execution, Pipeline


class Api:
    """Answers requests. Nothing here waits: the event loop calls it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._state = engine.state
        self._tokens: dict[tuple[str, str, str], str] = {}
        self._operations: dict[str, Callable[[Request, str], views.View]] = {
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

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> registry.Response:
        """Answers one authorized request of the caller's account."""
        del method, path, query_params
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            operation = self._operation(name)
            request = Request(_parsed(body))
            with self._state.changed:
                return _answer(200, operation(request, _caller(headers)))
        except CodePipelineError as error:
            return _answer(400, {"__type": error.code, "message": str(error)})

    def _operation(self, name: str) -> Callable[[Request, str], views.View]:
        if name not in self._operations:
            raise CodePipelineError(
                "UnsupportedOperationException",
                f"The rehearsal's CodePipeline does not offer {name}. It offers: "
                + ", ".join(sorted(self._operations)),
            )
        return self._operations[name]

    def reset(self) -> None:
        """Forgets every pipeline; what runs ends without anybody waiting for it."""
        for pipeline in self._state:
            self._engine.delete(pipeline)

    def get_state(self) -> dict[str, Any]:
        """A rehearsal is not kept beyond its server."""
        return {}

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        """Nothing was kept."""

    # -- reading -------------------------------------------------------------------------------

    def _get_pipeline(self, request: Request, caller: str) -> views.View:
        del caller
        pipeline = self._pipeline(request.text("name"))
        version = request.integer("version", pipeline.version)
        if version not in pipeline.history:
            raise CodePipelineError(
                "PipelineVersionNotFoundException",
                f"Pipeline '{pipeline.name}' has no version {version}",
            )
        return views.pipeline(pipeline, version)

    def _get_pipeline_state(self, request: Request, caller: str) -> views.View:
        del caller
        return views.pipeline_state(self._pipeline(request.text("name")))

    def _get_pipeline_execution(self, request: Request, caller: str) -> views.View:
        del caller
        pipeline = self._pipeline(request.text("pipelineName"))
        execution = _execution(pipeline, request.text("pipelineExecutionId"))
        return views.execution(pipeline, execution)

    def _list_pipelines(self, request: Request, caller: str) -> views.View:
        del caller
        pipelines = self._state.of_account(get_account_id())
        return request.page("pipelines", [views.pipeline_summary(p) for p in pipelines], 1000)

    def _list_pipeline_executions(self, request: Request, caller: str) -> views.View:
        del caller
        pipeline = self._pipeline(request.text("pipelineName"))
        wanted = request.mapping("filter").get("succeededInStage", {}).get("stageName")
        rows = [
            views.execution_summary(execution)
            for execution in reversed(pipeline.executions)
            if wanted is None or _succeeded_in(execution, wanted)
        ]
        return request.page("pipelineExecutionSummaries", rows, 100)

    def _list_action_executions(self, request: Request, caller: str) -> views.View:
        del caller
        pipeline = self._pipeline(request.text("pipelineName"))
        criteria = request.mapping("filter")
        latest = criteria.get("latestInPipelineExecution")
        wanted = (latest or criteria).get("pipelineExecutionId")
        executions = [_execution(pipeline, wanted)] if wanted else pipeline.executions
        found = [(e, run) for e in executions for run in _runs(e, latest is not None)]
        found.sort(key=lambda pair: pair[1].started, reverse=True)
        rows = [views.action_execution_detail(e, run, pipeline.region) for e, run in found]
        return request.page("actionExecutionDetails", rows, 100)

    # -- acting --------------------------------------------------------------------------------

    def _start_pipeline_execution(self, request: Request, caller: str) -> views.View:
        pipeline = self._pipeline(request.text("name"))
        token = request.text("clientRequestToken", default="")
        key = (pipeline.account, pipeline.name, token)
        if not token or key not in self._tokens:
            execution = self._engine.start(
                pipeline,
                ("StartPipelineExecution", caller),
                variables={v["name"]: v["value"] for v in request.rows("variables")},
                revisions=_overrides(pipeline, request.rows("sourceRevisions")),
            )
            self._tokens[key] = execution.id
        return {"pipelineExecutionId": self._tokens[key]}

    def _stop_pipeline_execution(self, request: Request, caller: str) -> views.View:
        del caller
        pipeline = self._pipeline(request.text("pipelineName"))
        execution_id = request.text("pipelineExecutionId")
        self._engine.stop(
            pipeline,
            execution_id,
            abandon=request.flag("abandon"),
            reason=request.text("reason", default=""),
        )
        return {"pipelineExecutionId": execution_id}

    def _retry_stage_execution(self, request: Request, caller: str) -> views.View:
        del caller
        pipeline = self._pipeline(request.text("pipelineName"))
        execution_id = request.text("pipelineExecutionId")
        mode = request.choice("retryMode", ("FAILED_ACTIONS", "ALL_ACTIONS"))
        self._engine.retry(pipeline, request.text("stageName"), execution_id, mode)
        return {"pipelineExecutionId": execution_id}

    def _put_approval_result(self, request: Request, caller: str) -> views.View:
        pipeline = self._pipeline(request.text("pipelineName"))
        result = Request(request.mapping("result"))
        approved = result.choice("status", ("Approved", "Rejected")) == "Approved"
        at = self._engine.answer_approval(
            pipeline,
            _approval(pipeline, request),
            approved=approved,
            summary=result.text("summary", default=""),
            by=caller,
        )
        return {"approvedAt": at.timestamp()}

    def _pipeline(self, name: str) -> Pipeline:
        return self._state.get(get_account_id(), name)


def _approval(pipeline: Pipeline, request: Request) -> ActionRun:
    """The approval that the token was given for."""
    stage_name, action_name = request.text("stageName"), request.text("actionName")
    stage = pipeline.structure.stage(stage_name)
    if stage is None:
        raise CodePipelineError("StageNotFoundException", f"There is no stage '{stage_name}'")
    if stage.action(action_name) is None:
        raise CodePipelineError(
            "ActionNotFoundException", f"There is no action '{action_name}' in '{stage_name}'"
        )
    token = request.text("token")
    for execution in pipeline.executions:
        for run in execution.runs:
            if (run.stage, run.action.name, run.token) == (stage_name, action_name, token):
                return run
    raise CodePipelineError(
        "InvalidApprovalTokenException", f"The approval token {token} is not valid"
    )


def _execution(pipeline: Pipeline, execution_id: str) -> Execution:
    execution = pipeline.execution(execution_id)
    if execution is None:
        raise CodePipelineError(
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
            raise CodePipelineError(
                "ValidationException",
                f"sourceRevisions: a COMMIT_ID of one of {sorted(sources)} is needed, not {row}",
            )
    return {row["actionName"]: (row["revisionValue"], None) for row in rows}


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise CodePipelineError("SerializationException", "The request is no JSON object")
    return parsed


def _caller(headers: Mapping[str, str]) -> str:
    """The ARN of who signed the request; the account's root when the key is the account's id."""
    _, _, rest = headers.get("authorization", "").partition("Credential=")
    identity = resolve_caller_identity(rest.partition("/")[0])
    return identity["userArn"] if identity else f"arn:aws:iam::{get_account_id()}:root"


def _answer(status: int, body: Mapping[str, Any]) -> registry.Response:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    return status, headers, json.dumps(body).encode()
