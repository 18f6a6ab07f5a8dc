"""A message to a topic reaches whoever subscribed by e-mail: here, the server's outbox.

AWS sends each confirmed address what the message says for the protocol `email`, or else for
`default`, where its structure is JSON ("Publish", Amazon SNS API Reference, MessageStructure). The
emulator sends no mail and keeps nothing of it, so what a delivery tells people could be seen only
by who subscribed something else.
"""

from __future__ import annotations

import functools
import time
from typing import Any

from ministack.services import sns

from embedded_aws import registry
from embedded_aws.outbox import Message, Outbox

_EMAIL = "email"


def install() -> None:
    """Wraps the one function through which every message goes to subscribers."""
    outbox = Outbox(registry.running().root)
    outbox.clear()
    original = sns._fanout

    @functools.wraps(original)
    def fan_out(
        topic: str, number: str, message: str, subject: str, structure: str = "", *a: Any, **k: Any
    ) -> None:
        text = sns._resolve_message_for_protocol(message, structure, _EMAIL)
        outbox.add(Message(time.time(), topic, subject or "", text, _addresses(topic)))
        original(topic, number, message, subject, structure, *a, **k)

    sns._fanout = fan_out


def _addresses(topic: str) -> tuple[str, ...]:
    subscribed = (sns._topic_by_arn_any_scope(topic) or {}).get("subscriptions", ())
    return tuple(each["endpoint"] for each in subscribed if each.get("protocol") == _EMAIL)
