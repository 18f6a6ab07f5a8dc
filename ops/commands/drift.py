"""Says what somebody changed by hand in an environment: its stack and those nested in it, compared
with their templates by CloudFormation's drift detection. A deployment may overwrite such a change.

Needs the credentials of the environment's account. Resource types that CloudFormation cannot look
at are counted, and named in the JSON document. Detection takes a while, and changes nothing.

Exit code: 0 when nothing differs, 1 when something does.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import Final

from ops import drift
from ops.commands.common import BAD_NEWS, DONE, ClientOf, json_option, show
from ops.drift import Look

HELP: Final = "say what somebody changed by hand in an environment"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("environment", help="for example prod")
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    look = drift.of_stack(client("cloudformation"), f"tap-{given.environment}")
    show(
        {"environment": given.environment, **asdict(look)},
        _text(given.environment, look),
        as_json=given.json,
    )
    return BAD_NEWS if look.drifted else DONE


def _text(environment: str, look: Look) -> str:
    lines = [f"  {each.text}" for each in look.drifted]
    seen = f"{look.seen} resources in {len(look.stacks)} stack(s) were looked at"
    unseen = f"; CloudFormation cannot look at {len(look.unseen)} more" if look.unseen else ""
    head = f"{environment} has drifted" if lines else f"{environment} is as its templates say"
    return "\n".join([f"{head}: {seen}{unseen}", *lines])
