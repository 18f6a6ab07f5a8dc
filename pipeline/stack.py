"""The delivery pipeline: Source, Compare, Guards, Build, UpdatePipeline, Assets, environments.

Before the last environment stand the stages "Preview", which says what the release would do there,
and "Promote" with the approval.
"""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import pipelines
from constructs import Construct

from pipeline import baking, builds, entering, guarding, previewing, promotion, protection
from pipeline.artifacts import artifact_bucket
from pipeline.assembly import gates_step, synth_step
from pipeline.decisions import bucket_name, decision_bucket
from pipeline.deployed_commit import tell_commit
from pipeline.drift import check_for_drift
from pipeline.notifications import Notifications
from pipeline.previewing import Looking
from pipeline.smoke import project_role_arn, smoke_step
from pipeline.source import source_action, start_on_push
from pipeline.tools import pinned_tools
from settings import Environment, Settings
from stages.application import PERMISSIONS_BOUNDARY, ApplicationStage
from stages.options import ApplicationOptions

# For life: the running pipeline deploys its next self by these names.
STACK_ID: Final = "TapPipelineStack"
STACK_NAME: Final = "tap-pipeline"
PIPELINE_NAME: Final = "tap-pipeline"

TAGS: Final = {
    "Project": "ServerlessInfrastructure",
    "Environment": "tools",
    "CostCenter": "Engineering",
    "ManagedBy": "CDK",
}


class PipelineStack(cdk.Stack):
    """One pipeline in the tools account that deploys itself, then every environment in order.

    options: the application's, the same in every environment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        options: ApplicationOptions,
        env: cdk.Environment,
    ) -> None:
        names = " and ".join(each.name for each in settings.environments)
        super().__init__(
            scope,
            construct_id,
            stack_name=STACK_NAME,
            env=env,
            description=f"Delivers the serverless application to {names}",
            termination_protection=True,
            permissions_boundary=PERMISSIONS_BOUNDARY,
        )
        self._settings, self._options = settings, options
        self._source = source_action(self, settings.source)
        self._artifacts = artifact_bucket(self)
        self._decisions = decision_bucket(self, PIPELINE_NAME)
        self._judged = self._judged_assembly()
        self._looking = Looking(
            PIPELINE_NAME,
            self._source,
            self._judged,
            self._artifacts,
            settings.guarded,
            settings.region,
        )
        self._pipeline = self._self_updating_pipeline()
        self._deliver_to_environments()
        self._pipeline.build_pipeline()
        self._finish()
        told = Notifications(
            self,
            "Notifications",
            settings=settings,
            pipeline=self._pipeline.pipeline,
            decisions=self._decisions,
        )
        check_for_drift(self, told, settings)
        for key, value in {**TAGS, "Repository": settings.source.repository}.items():
            cdk.Tags.of(self).add(key, value)

    def _self_updating_pipeline(self) -> pipelines.CodePipeline:
        tools = pinned_tools()
        return pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_name=PIPELINE_NAME,
            pipeline_type=codepipeline.PipelineType.V2,
            # A newer commit overtakes one that waits, for instance at the approval.
            execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
            cross_account_keys=True,
            enable_key_rotation=True,
            artifact_bucket=self._artifacts,
            synth=self._judged,
            # One project for all assets: with a project each, every change of a Lambda function
            # would change the pipeline too, and end what can be rolled back.
            publish_assets_in_parallel=False,
            cli_version=tools.cdk_cli,
            cdk_assets_cli_version=tools.cdk_assets,
            code_build_defaults=builds.defaults(),
            self_mutation_code_build_defaults=pipelines.CodeBuildOptions(
                logging=builds.logging(builds.log_group(self, "selfmutate"))
            ),
            asset_publishing_code_build_defaults=pipelines.CodeBuildOptions(
                logging=builds.logging(builds.log_group(self, "assets")),
                role_policy=[builds.starts_no_builds()],
            ),
        )

    def _judged_assembly(self) -> pipelines.CodeBuildStep:
        """The step whose artifact is deployed."""
        made = synth_step(self, self._source, self._artifacts)
        return gates_step(self, self._source, made, self._artifacts)

    def _deliver_to_environments(self) -> None:
        *before, tested, guarded = self._settings.environments
        for environment in (*before, tested):
            self._deploy_and_test(environment)
        self._promote(tested, guarded)

    def _promote(self, tested: Environment, guarded: Environment) -> None:
        """Says what would happen, asks a person, and deploys what that person saw."""
        page = previewing.preview_step(self, self._looking, self._decisions)
        self._pipeline.add_wave(previewing.STAGE, pre=[page])
        address = previewing.page_address(bucket_name(self, PIPELINE_NAME), self._settings.region)
        question = promotion.Question(self._source.revision, address, tested, guarded)
        self._pipeline.add_wave(promotion.STAGE, pre=[promotion.approval_step(question)])
        self._deploy_and_test(guarded)

    def _deploy_and_test(self, environment: Environment) -> None:
        stage = ApplicationStage(
            self,
            environment=environment,
            region=self._settings.region,
            smoke_project_role_arn=project_role_arn(self._settings, environment),
            architecture=self._settings.architecture,
            options=self._options,
        )
        cdk.Tags.of(stage).add("Repository", self._settings.source.repository)
        smoke = smoke_step(
            self,
            environment,
            source=self._source,
            artifacts=self._artifacts,
            api_urls=stage.api_urls,
        )
        self._pipeline.add_stage(stage, post=[smoke])

    def _finish(self) -> None:
        """Sets what `pipelines.CodePipeline` has no properties for."""
        built, minutes = self._pipeline.pipeline, self._settings.approval_timeout_minutes
        guarding.guard(
            self,
            built,
            artifacts=self._artifacts,
            globs=self._settings.guards,
            revision=self._source.revision,
            minutes=minutes,
        )
        start_on_push(built, self._settings.source)
        tell_commit(built, self._source.revision)
        previewing.name_variables(built)
        promotion.limit_wait(built, minutes=minutes)
        if self._settings.skip_approval_without_changes:
            promotion.skip_without_changes(built)
        self._protect(built)
        _rename(self._pipeline.self_mutation_project, "selfmutate")
        _rename(self._pipeline.node.find_child("Assets").node.find_child("FileAsset"), "assets")

    def _protect(self, built: codepipeline.Pipeline) -> None:
        environments, guarded = self._settings.environments, self._settings.guarded
        asks = {
            each.stage: entering.entry_rule(
                self, built, each, looking=self._looking, decisions=self._decisions
            )
            for each in environments
            if each.rollback or each == guarded
        }
        bakes = {
            each.stage: baking.bake_rule(self, built, each, looking=self._looking)
            for each in environments
            if each.bake_minutes
        }
        protection.protect(built, environments, asks=asks, bakes=bakes)


def _rename(project: object, step: str) -> None:
    if not isinstance(project, codebuild.Project):
        raise TypeError(f"{project} is not a CodeBuild project")
    resource = project.node.default_child
    if not isinstance(resource, codebuild.CfnProject):
        raise TypeError(f"{project.node.path} has no AWS::CodeBuild::Project")
    resource.name = builds.project_name(step)
