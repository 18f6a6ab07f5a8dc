"""The stages "Compare" and "Guards": a commit that changes what guards the delivery waits there.

They come before anything of the commit runs, its synthesis and the pipeline's update included, and
it is the deployed pipeline that asks: it holds digests of the guards it was made from, and compares
with a program of its own. Who answers has another permission than who answers for the guarded
environment, since it names the action: arn:aws:codepipeline:REGION:ACCOUNT:PIPELINE/Guards/Approve
(CodePipeline user guide, "Grant approval permissions to an IAM user in CodePipeline").
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_s3 as s3
from constructs import Construct

from guards.held import commands, held
from pipeline import builds

COMPARE: Final = "Compare"
STAGE: Final = "Guards"
APPROVAL: Final = "Approve"
_BUILD: Final = "Build"
_NAMESPACE: Final = "Guards"
_VARIABLES: Final = ["unchanged", "changed"]
_CHECKOUT: Final = Path(__file__).parents[1]


def guard(
    scope: Construct,
    pipeline: codepipeline.Pipeline,
    *,
    artifacts: s3.Bucket,
    globs: tuple[str, ...],
    revision: str,
    minutes: int,
) -> None:
    """Adds the stages. globs: of the files that guard. revision: a variable of the source, `#{…}`.

    Call it when the pipeline is built: `pipelines.CodePipeline` has no place for a stage there
    (aws-cdk#16301).
    """
    build = next(stage for stage in pipeline.stages if stage.stage_name == _BUILD)
    first = codepipeline.StagePlacement(right_before=build)
    source = pipeline.stages[0].actions[0].action_properties.outputs
    if not source:
        raise ValueError(f"{pipeline.node.path} takes no source")
    compare = actions.CodeBuildAction(
        action_name=COMPARE,
        project=_project(scope, artifacts, globs),
        input=source[0],
        variables_namespace=_NAMESPACE,
    )
    pipeline.add_stage(stage_name=COMPARE, placement=first, actions=[compare])
    approval = actions.ManualApprovalAction(
        action_name=APPROVAL,
        additional_information=f"{revision} changes what guards the delivery: "
        f"#{{{_NAMESPACE}.changed}}. Let it?",
        timeout=cdk.Duration.minutes(minutes),
    )
    pipeline.add_stage(
        stage_name=STAGE, placement=first, actions=[approval], before_entry=_where_changed()
    )


def _project(
    scope: Construct, artifacts: s3.Bucket, globs: tuple[str, ...]
) -> codebuild.PipelineProject:
    """Says which guards a commit changes, by commands that stand in the pipeline alone.

    No digest of it stands in the pipeline, unlike of the projects that CDK makes: what it holds
    changes with every guard, and is no new structure that ends what can be rolled back.
    """
    log = builds.log_group(scope, "guards")
    role = builds.role(
        scope,
        "guards",
        "Compares the guards of the delivery: may read the source and nothing else",
        artifacts=artifacts,
        log=log,
    )
    return codebuild.PipelineProject(
        scope,
        "Guards",
        project_name=builds.project_name("guards"),
        description="Compares the guards of the delivery with those it was made from",
        role=role,
        environment=builds.environment(),
        timeout=builds.TIMEOUT,
        logging=builds.logging(log),
        encryption_key=artifacts.encryption_key,
        build_spec=builds.part(
            env={"exported-variables": _VARIABLES},
            phases={
                "install": {"runtime-versions": builds.RUNTIMES},
                "build": {"commands": commands(held(_CHECKOUT, globs))},
            },
        ),
    )


def _where_changed() -> codepipeline.Conditions:
    """Enters the stage unless `unchanged` is "true".

    A condition whose rule fails skips the stage, so the rule is that it is not ("Configure
    conditions for a stage" and "VariableCheck", CodePipeline user guide). That the variable had no
    value would skip it as well, so the build fails rather than end without one.
    """
    rule = codepipeline.Rule(
        name="GuardsChanged",
        provider="VariableCheck",
        version="1",
        configuration={
            "Variable": f"#{{{_NAMESPACE}.unchanged}}",
            "Value": "true",
            "Operator": "NE",
        },
    )
    skips = codepipeline.Condition(result=codepipeline.Result.SKIP, rules=[rule])
    return codepipeline.Conditions(conditions=[skips])
