"""Where an action runs: in its region, its input artifacts copied to that region's store.

Source: CodePipeline user guide, "Add a cross-Region action to a pipeline": one artifact bucket per
region in which an action runs; CodePipeline copies artifacts from one region to the others. It does
so with the pipeline's role, to which the CDK grants both buckets (`aws-codepipeline`, `Pipeline`,
crossRegionReplicationBuckets).
"""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import ClientError
from ministack.core.responses import request_scope

from embedded_aws.codepipeline.actions import base
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome, Runner
from embedded_aws.codepipeline.credentials import ActionClients
from embedded_aws.codepipeline.executions import Artifact


def placed(run: Runner) -> Runner:
    """The runner, called with the account and region of its action and with its inputs there."""

    def run_there(context: Context) -> Outcome:
        with request_scope(context.account, context.region):
            return run(_with_inputs_here(context))

    return run_there


def _with_inputs_here(context: Context) -> Context:
    region = context.store.region
    foreign = [each for each in context.inputs.values() if each.region != region]
    if not foreign:
        return context
    with ActionClients(context) as clients:
        copies = {each.name: _copied(context, clients, each) for each in foreign}
    inputs = {name: copies.get(name, each) for name, each in context.inputs.items()}
    return replace(context, inputs=inputs)


def _copied(context: Context, clients: ActionClients, artifact: Artifact) -> Artifact:
    store = context.store
    copy = replace(artifact, region=store.region, bucket=store.bucket)
    try:
        there = clients.of_pipeline("s3", artifact.region)
        content = base.download(there, artifact)
        base.upload(context, clients.of_pipeline("s3"), copy, content)
    except ClientError as error:
        raise ActionError(
            f"cannot copy artifact {artifact.name} from {artifact.bucket} in {artifact.region} to "
            f"{copy.bucket} in {copy.region}: {error}",
            code="PermissionError",
        ) from error
    return copy
