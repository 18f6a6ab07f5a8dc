"""What is fixed about the embedded AWS: its release, its address, and where it serves REST APIs.

Only the standard library may be imported here: whoever starts the server reads this file as well,
in another virtual environment.
"""

from __future__ import annotations

import re

HOST = "127.0.0.1"
EMULATOR_VERSION = "1.5.33"
"""The MiniStack release that the corrections were written against."""

MINUTE_SECONDS = 60.0
"""How long a server waits for a minute, unless it is told otherwise; see `clock`."""

SAVE = "/_embedded_aws/save"
"""Where a server is told to keep its state."""
STATE = "state/kept.pickle"
"""Where it then is, below the server's root."""

_EXECUTE_API = re.compile(
    r"https://(?P<api>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?::443)?(?P<rest>/.*)?"
)


def local_api_url(url: str, endpoint: str) -> str:
    """Where `url` is served here, when it is a REST API's address at AWS; else `url` unchanged.

    Stack outputs carry `https://<id>.execute-api.<region>.amazonaws.com/<stage>/`, a host that
    leads to AWS. The emulator serves the same API below a path of its `endpoint`.
    """
    match = _EXECUTE_API.fullmatch(url)
    if match is None:
        return url
    return f"{endpoint}/_aws/execute-api/{match['api']}{match['rest'] or '/'}"
