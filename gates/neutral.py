"""Texts as they are of every environment: with placeholders for what is one's own."""

from __future__ import annotations

import re
from typing import Final

from settings import Environment, Settings

# What the CDK ends the ids of constructs with, also where something follows.
_HASH: Final = re.compile(r"(?<=[A-Za-z0-9])[0-9A-F]{8}(?=Ref|Arn|[.>/]|$)")


def neutral(text: str, environment: Environment) -> str:
    """The text with placeholders for the environment's own account and name, nobody else's."""
    text = text.replace(environment.account, "<account>")
    text = re.sub(rf"(?<=Stack){environment.stage}(?![a-z])", "<environment>", text)
    text = text.replace(f"/{environment.stage}/", "/<environment>/")
    return re.sub(rf"(?<!\w){environment.name}(?!\w)", "<environment>", text)


def of_any(text: str, settings: Settings) -> str:
    """`neutral` of whichever environment's the text is, and of this installation's settings.

    Without the CDK's hashes.
    """
    for each in settings.environments:
        text = neutral(text, each)
    text = text.replace(settings.tools_account, "<tools>").replace(settings.region, "<region>")
    return _HASH.sub("", text)
