"""CDK entry point of the guardrail: `cdk --app "python -m guardrail"` (see scripts/guardrail)."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk

from accounts.guardrail.stack import STACK, GuardrailStack


def main() -> None:
    """Synthesizes the stack for the prod account that cdk.json names."""
    settings = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]["tap"]
    env = cdk.Environment(account=settings["accounts"]["prod"], region=settings["region"])
    app = cdk.App()
    GuardrailStack(app, STACK, env=env)
    app.synth()


if __name__ == "__main__":
    main()
