"""The questions whose answers' form is recorded: those that operators and pages rely on.

All of them read, in the tools account; `NEEDS` is what they may.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ops.records import ActionRun
from rehearsal.parity.shapes import Shape, shape

Clients = Callable[[str], Any]

NEEDS: Final = (
    *("codebuild:BatchGetBuilds", "codebuild:BatchGetProjects", "codebuild:BatchGetReports"),
    *("codebuild:DescribeTestCases", "codepipeline:GetPipeline"),
    *("codepipeline:GetPipelineExecution", "codepipeline:GetPipelineState"),
    *("codepipeline:ListActionExecutions", "codepipeline:ListPipelineExecutions"),
    "cloudformation:DescribeStacks",
)


def answers(clients: Clients, name: str, execution: str, runs: list[ActionRun]) -> dict[str, Shape]:
    """The forms of the answers about one execution of the pipeline `name`, by operation."""
    pipeline, builds = clients("codepipeline"), clients("codebuild")
    ids = [run.external_id for run in runs if run.is_build]
    built = builds.batch_get_builds(ids=ids)
    reports = [arn for each in built["builds"] for arn in each.get("reportArns", ())]
    asked = {
        "GetPipeline": pipeline.get_pipeline(name=name),
        "GetPipelineState": pipeline.get_pipeline_state(name=name),
        "GetPipelineExecution": pipeline.get_pipeline_execution(
            pipelineName=name, pipelineExecutionId=execution
        ),
        "ListPipelineExecutions": pipeline.list_pipeline_executions(pipelineName=name),
        "ListActionExecutions": pipeline.list_action_executions(
            pipelineName=name, filter={"pipelineExecutionId": execution}
        ),
        "BatchGetBuilds": built,
        "BatchGetProjects": builds.batch_get_projects(
            names=sorted({each["projectName"] for each in built["builds"]})
        ),
        "DescribeStacks": clients("cloudformation").describe_stacks(StackName=name),
    }
    if reports:
        asked["BatchGetReports"] = builds.batch_get_reports(reportArns=reports)
        asked["DescribeTestCases"] = builds.describe_test_cases(reportArn=reports[0])
    # A page's end depends on how much there is, not on who answers.
    return {
        operation: shape({k: v for k, v in answer.items() if k != "nextToken"})
        for operation, answer in asked.items()
    }
