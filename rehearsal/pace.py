"""How fast the time passes that AWS would spend waiting, in a rehearsal.

Deployments wait for minutes between two shifts of traffic, and alarms for whole minutes. What is
rehearsed is that both happen in their order, not that nothing happens in between, so a minute of
waiting takes a part of a second here. What programs take is not shortened (`embedded_aws.clock`).
"""

from __future__ import annotations

from typing import Final

MINUTE_SECONDS: Final = 0.2
