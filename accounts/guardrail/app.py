"""CDK entry point of a guardrail: `cdk --app "python -m accounts.guardrail.app [tools]"`."""

from __future__ import annotations

import sys
from pathlib import Path

import aws_cdk as cdk

from accounts.guardrail.stack import STACK, GuardrailStack
from accounts.guardrail.target import Target
from settings import Settings


def main(name: str = "") -> None:
    """Synthesizes the stack for tools, or for the environment that the approval guards."""
    settings = Settings.of_checkout(Path(__file__).resolve().parents[2])
    target = Target.of(settings, name)
    env = cdk.Environment(account=target.account, region=settings.region)
    app = cdk.App()
    GuardrailStack(app, STACK, target=target, env=env)
    app.synth()


if __name__ == "__main__":
    main(*sys.argv[1:])
