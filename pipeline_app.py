"""CDK entry point: reads the settings and builds the pipeline, which contains everything else."""

from __future__ import annotations

import sys

import aws_cdk as cdk

from pipeline.stack import STACK_ID, PipelineStack
from settings import CONTEXT_KEY, Settings, SettingsError
from stages.options import ApplicationOptions


def main() -> int:
    """Synthesizes the cloud assembly; 1 when the settings do not allow it."""
    app = cdk.App()
    try:
        settings = Settings.parse(app.node.try_get_context(CONTEXT_KEY))
        options = ApplicationOptions.parse(settings.application)
    except SettingsError as error:
        problems = "\n".join(f"  {problem}" for problem in error.problems)
        sys.stderr.write(f'The settings in cdk.json, context "{CONTEXT_KEY}", are wrong:\n')
        sys.stderr.write(f"{problems}\n")
        return 1
    env = cdk.Environment(account=settings.tools_account, region=settings.region)
    PipelineStack(app, STACK_ID, settings=settings, options=options, env=env)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
