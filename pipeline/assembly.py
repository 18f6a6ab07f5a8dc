"""The steps that make what is deployed: one synthesizes it, another judges it elsewhere.

Synthesis runs the code of the commit, so nothing that comes after it in the same build can be
trusted: a process left behind edits later, and a changed interpreter judges as it likes. So the
gates run in a build of their own, on what they took over, and that is what is deployed: nobody but
they may write the artifact. Nothing runs there but guards, which changed with a person's yes or not
at all, so what it keeps for its next build is as good as its code.
"""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct

from pipeline import builds
from pipeline.source import SourceAction

SYNTH: Final = "Synth"
GATES: Final = "Gates"
# Folders of the gates' build: where its input is linked to, and what leaves.
_SYNTHESIZED: Final = "synthesized"
_JUDGED: Final = "judged"
_INSTALL: Final = ("bash scripts/install-python", "bash scripts/install-node --omit=dev")


def synth_step(
    scope: Construct, source: SourceAction, artifacts: s3.Bucket
) -> pipelines.CodeBuildStep:
    """Runs the commit's code, and hands on what nobody has judged."""
    # Names of scripts, not what is in them: an execution synthesizes with the commands of the
    # pipeline as it was before, so these may never change while what they run may.
    log = builds.log_group(scope, "synth")
    return pipelines.CodeBuildStep(
        SYNTH,
        input=source.step,
        project_name=builds.project_name("synth"),
        role=builds.role(
            scope,
            "synth",
            "Synthesizes: may store what it made, and nothing in the place of anything else",
            artifacts=artifacts,
            log=log,
            stores=SYNTH,
        ),
        logging=builds.logging(log),
        cache=builds.cache(),
        partial_build_spec=builds.part(**builds.CACHE_SECTION),
        install_commands=[builds.USE_CACHE, *_INSTALL],
        commands=["bash scripts/synth"],
        primary_output_directory="cdk.out",
    )


def gates_step(
    scope: Construct, source: SourceAction, synth: pipelines.CodeBuildStep, artifacts: s3.Bucket
) -> pipelines.CodeBuildStep:
    """Takes over what `synth` made, judges that, and hands on the same."""
    log = builds.log_group(scope, "gates")
    return pipelines.CodeBuildStep(
        GATES,
        input=source.step,
        additional_inputs={_SYNTHESIZED: synth},
        project_name=builds.project_name("gates"),
        role=builds.role(
            scope,
            "gates",
            "Judges what is deployed: alone may store what the environments are made from",
            artifacts=artifacts,
            log=log,
            stores=GATES,
        ),
        logging=builds.logging(log),
        cache=builds.cache(),
        partial_build_spec=builds.part(**builds.CACHE_SECTION),
        install_commands=[builds.USE_CACHE, *_INSTALL],
        commands=[
            f"bash scripts/take {_SYNTHESIZED} {_JUDGED}",
            f"bash scripts/supply-chain sbom {_JUDGED}",
            f"bash scripts/gates --assembly {_JUDGED}",
        ],
        primary_output_directory=_JUDGED,
    )
