"""Keeps credentials out of everything the smoke tests print or write.

An API can echo them: when a signature does not match, API Gateway's answer quotes the canonical
request, session token included. And the file service gives presigned links and forms, which let
whoever has them upload and download.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

HIDDEN = "[hidden]"
# Each hides what follows its group, or all of it where it has none.
PATTERNS = (
    re.compile(r"()\b(?:AKIA|ASIA)[A-Z0-9]{12,}"),
    re.compile(r"(?i)(Signature=|<SignatureProvided>)[0-9a-f]{16,}"),
    # A header of a canonical request, a link's parameter, or a form's field in JSON.
    re.compile(
        r"(?i)(x-amz-(?:security-token|signature|credential)[\\\"']*\s?[:=][\\\"' ]*)[^\s\"',\\&<]+"
    ),
    # A session token or a policy, which holds one, in any other place: no id, ARN or hash of ours
    # is as long.
    re.compile(r"()[A-Za-z0-9+/=_-]{160,}"),
)


@dataclass
class Redactor:
    """Call it with a text: known secrets and whatever looks like one come back hidden."""

    _known: set[str] = field(default_factory=set)

    def learn(self, *secrets: str | None) -> None:
        self._known.update(secret for secret in secrets if secret)

    def __call__(self, text: str) -> str:
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        for pattern in PATTERNS:
            text = pattern.sub(rf"\1{HIDDEN}", text)
        return text
