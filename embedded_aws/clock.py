"""How long a minute is in which a service does nothing but wait.

A minute is a minute, unless the server was started with another length (`Server(minute=…)`): then
every wait that AWS counts in minutes (between two shifts of traffic, for an alarm to change) is
that much shorter. Only waits: what limits the work of a program (time-outs of functions, hooks,
builds, actions) is never shortened, for the program takes as long as it takes.
"""

from __future__ import annotations

from embedded_aws import registry


def seconds(minutes: float) -> float:
    """How long to wait here for so many minutes at AWS."""
    return minutes * registry.running().minute
