"""What people would have been told of a delivery: the messages of its topic.

A person answers an approval because a message says that it waits, and learns of the end by one. So
a rehearsal waits for each, as long as the deployed pipeline tells anybody at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime

from embedded_aws.outbox import Message, Outbox
from embedded_aws.server import Server
from ops.records import Execution
from pages import parts
from pages.page import Tone, page
from rehearsal.accounts import TOOLS, Directory

# The function that tells people starts cold once; nothing else takes more than moments here.
PATIENCE_SECONDS = 20.0
_NEWS = ("Succeeded", "Failed")
NOBODY = "nobody is subscribed: see `notifications` in docs/take-it-to-aws.md"


class Told:
    """The messages of one delivery, from now on. topic: its name, None where nobody is told.

    earlier: ids of executions that were there before; what is said of them may come late.
    """

    def __init__(self, server: Server, topic: str | None, earlier: Collection[str]) -> None:
        self._server = server
        self._earlier = earlier
        self._topic = topic
        self._outbox = Outbox(server.root)
        self._before = self._read = len(self._all())

    @property
    def messages(self) -> tuple[Message, ...]:
        """Those of this delivery so far, in their order."""
        new = self._all()[self._before :]
        return tuple(m for m in new if not any(known in m.text for known in self._earlier))

    def about(self, words: str) -> bool:
        """Waits for the next message with these words; whether it came in time.

        Nothing is missed where the pipeline that is deployed tells nobody.
        """
        if not self._is_there():
            return True
        found = self._outbox.wait(self._next(words), PATIENCE_SECONDS)
        if found is not None:
            self._read = self._all().index(found) + 1
        return found is not None

    def ended(self, execution: Execution) -> bool:
        """The same of how an execution ended, where that is news."""
        return execution.status not in _NEWS or self.about(execution.id)

    def _all(self) -> list[Message]:
        return self._outbox.messages(f":{self._topic}") if self._topic else []

    def _next(self, words: str) -> Callable[[Sequence[Message]], Message | None]:
        def first(messages: Sequence[Message]) -> Message | None:
            mine = [each for each in messages if each.topic.endswith(f":{self._topic}")]
            return next((each for each in mine[self._read :] if words in each.text), None)

        return first

    def _is_there(self) -> bool:
        if self._topic is None:
            return False
        sns = Directory(self._server).session(TOOLS).client("sns")
        pages = sns.get_paginator("list_topics").paginate()
        names = [t["TopicArn"].rpartition(":")[2] for each in pages for t in each["Topics"]]
        return self._topic in names


def lines(messages: Sequence[Message]) -> Iterator[str]:
    """The first line of each, for the end of a rehearsal."""
    if messages:
        yield f"People were told ({to(messages)}):"
    yield from (f"  {_clock(each)} {each.text.partition('\n')[0]}" for each in messages)


def whole(messages: Sequence[Message]) -> str:
    """All of each, as it would have been received."""
    return "\n\n".join(f"{_clock(each)} to {to([each])}\n{each.text}" for each in messages)


def to(messages: Sequence[Message]) -> str:
    """Who got them."""
    addresses = dict.fromkeys(address for each in messages for address in each.to)
    return ", ".join(addresses) or NOBODY


def told_page(messages: Sequence[Message], commit: str) -> str:
    """The same as HTML. commit: what was rehearsed."""
    return page(
        f"What people were told of {commit[:12]}",
        [
            parts.section(f"{_clock(each)} {each.subject}", parts.verbatim(each.text))
            for each in messages
        ],
        kind="Rehearsal",
        tone=Tone.PLAIN,
        summary=f"{len(messages)} messages, to {to(messages)}",
    )


def _clock(message: Message) -> str:
    return f"{datetime.fromtimestamp(message.at, UTC):%H:%M:%S}"
