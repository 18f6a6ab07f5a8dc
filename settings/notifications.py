"""Who is told of the delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from settings.environments import EMAIL
from settings.reader import Reader

# An endpoint gets what is told of the delivery, so nothing but TLS, to a name and not an address
# within a network. Signatures tell it that SNS sent it (SNS developer guide, "Verifying the
# signatures of Amazon SNS messages").
_WEBHOOK: Final = r"https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::443)?(?:/[\w./~-]*)?"
_WEBHOOK_IN_WORDS: Final = (
    "an https address such as https://hooks.example.com/delivery, without a question mark: what "
    "stands here is no secret"
)


@dataclass(frozen=True)
class Notifications:
    """emails: addresses, a chat channel's own included. webhook: an HTTPS endpoint, None for none.

    Both have to confirm their subscription.
    """

    emails: tuple[str, ...] = ()
    webhook: str | None = None


def read_notifications(reader: Reader) -> Notifications:
    """The section; empty where nobody is told by a setting."""
    told = Notifications(
        emails=reader.texts("emails", EMAIL, "e-mail addresses, each once", ()),
        webhook=reader.optional_text("webhook", _WEBHOOK, _WEBHOOK_IN_WORDS),
    )
    if len({each.lower() for each in told.emails}) < len(told.emails):
        reader.reject("emails", list(told.emails), "a list of e-mail addresses, each once")
    reader.finish()
    return told
