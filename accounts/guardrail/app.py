"""CDK entry point of the guardrail: `cdk --app "python -m accounts.guardrail.app"`."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk

from accounts.guardrail.stack import STACK, GuardrailStack
from settings import Settings


def main() -> None:
    """Synthesizes the stack for the account of the environment that the approval guards."""
    settings = Settings.of_checkout(Path(__file__).resolve().parents[2])
    env = cdk.Environment(account=settings.guarded.account, region=settings.region)
    app = cdk.App()
    GuardrailStack(app, STACK, env=env)
    app.synth()


if __name__ == "__main__":
    main()
