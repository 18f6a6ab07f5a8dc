"""The event by which a deployment asks a function whether it works, without giving it work.

For functions whose every event is work: what answers people needs none, it has calls that change
nothing, known by their id `ASKING`. The answer is `READY`; what is not ready raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PROBE: Final = {"source": "tap.rollout", "detail-type": "Probe"}
READY: Final = {"outcome": "ready"}
# The id of a call of an API that a deployment makes; API Gateway's own are UUIDs.
ASKING: Final = "rollout"
# What a probe reads: no row of anybody has this id.
NOBODY: Final = "00000000-0000-4000-8000-000000000000"


def is_probe(event: Mapping[str, Any]) -> bool:
    """Whether the event is a probe and nothing else."""
    return event == PROBE
