"""The process beside `nag.py`: `python -m gates.tools.nag_process OUTDIR TEMPLATE...`.

Writes cdk-nag's report on the templates, in their order, to OUTDIR/validation-report.json.
"""

from __future__ import annotations

import sys

import aws_cdk as cdk
import cdk_nag
from aws_cdk import cloudformation_include


def check(outdir: str, files: list[str]) -> None:
    """Raises RuntimeError when there are violations, which is how CDK says it."""
    app = cdk.App(outdir=outdir, analytics_reporting=False)
    for number, file in enumerate(files):
        synthesizer = cdk.BootstraplessSynthesizer()
        stack = cdk.Stack(app, f"Template{number}", synthesizer=synthesizer)
        cloudformation_include.CfnInclude(stack, "Of", template_file=file)
    cdk.Validations.of(app).add_plugins(
        cdk_nag.AwsSolutionsChecks(app), cdk_nag.ServerlessChecks(app)
    )
    app.synth()


if __name__ == "__main__":
    try:
        check(sys.argv[1], sys.argv[2:])
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
