"""Reads data that was there before an update back through the application's signed APIs.

That every item is still in its table says nothing of whether the new code can read it. Which
operation looks one thing up by its id, the API's own description says (`docs/openapi/`): a GET
whose path ends in a parameter that is the key of a table. What it answered before, it must answer
afterwards, but for links, which are new each time: what they lead to must be the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any

from rehearsal.apis import Caller

READ_BACK = 5
"""Of each kind: enough to find code that cannot read what was written."""

_CANDIDATES = 20
_FINAL = frozenset({"completed", "processed", "rejected"})
"""Whatever else may rightly be another thing when it is read again, as what failed by a redrive."""
_LINK, _ENDS = "url", "expires_at"
"""Of a link: where it leads, and until when."""


@dataclass(frozen=True)
class Lookup:
    """One operation. service: whose API has it. path: with the parameter. key: its name."""

    service: str
    path: str
    key: str

    def of(self, identifier: str) -> str:
        """The path for one thing, without a slash at its beginning."""
        return self.path.replace(f"{{{self.key}}}", identifier).lstrip("/")


@dataclass(frozen=True)
class Reading:
    """Something that was asked for again. account: its label. said: what differs; empty for
    nothing."""

    account: str
    path: str
    said: str

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.account}: GET /{self.path} {self.said or 'answers as before'}"


def lookups(descriptions: Path) -> Iterator[Lookup]:
    """Those of the descriptions in a folder, `<service>.json`."""
    for file in sorted(descriptions.glob("*.json")):
        for path, operations in json.loads(file.read_text(encoding="utf-8"))["paths"].items():
            last = path.rpartition("/")[2]
            if "get" in operations and path.count("{") == 1 and last.startswith("{"):
                yield Lookup(file.stem, path, last.strip("{}"))


@dataclass(frozen=True)
class Reader:
    """Reads what one account, by its label, has. urls: of each service, ending in a slash."""

    account: str
    caller: Caller
    urls: Mapping[str, str]
    lookups: tuple[Lookup, ...]

    def find(self, keys: Iterable[str]) -> dict[str, Any]:
        """What is at rest of things with these keys (JSON, as `holdings` has a table's), by service
        and path."""
        known = [json.loads(key) for key in keys]
        found: dict[str, Any] = {}
        for lookup in self.lookups:
            ids = {row[lookup.key]["S"] for row in known if "S" in row.get(lookup.key, {})}
            paths = [lookup.of(each) for each in sorted(ids)[:_CANDIDATES]]
            answers = ((path, self._answer(lookup.service, path)) for path in paths)
            at_rest = ((path, each) for path, each in answers if _is_at_rest(each))
            found |= {f"{lookup.service} {path}": each for path, each in islice(at_rest, READ_BACK)}
        return found

    def again(self, told: Mapping[str, Any]) -> Iterator[Reading]:
        """Whether each is answered as `find` told it."""
        for name, before in told.items():
            service, _, path = name.partition(" ")
            yield Reading(self.account, path, _difference(before, self._answer(service, path)))

    def _answer(self, service: str, path: str) -> Any:
        """The body's JSON, its links replaced by digests of what they lead to; a text that says
        what came instead."""
        if service not in self.urls:
            return f"cannot be asked: there is no API of {service}"
        try:
            status, body = self.caller.get(f"{self.urls[service]}{path}")
            if status != HTTPStatus.OK:
                return f"answers {status}"
            return self._without_links(json.loads(body))
        except (OSError, ValueError) as error:
            return f"does not answer: {error}"

    def _without_links(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._without_links(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._digest(each) if name == _LINK else self._without_links(each)
            for name, each in value.items()
            if not (name == _ENDS and _LINK in value)
        }

    def _digest(self, link: str) -> str:
        status, content = self.caller.follow(link)
        read = hashlib.sha256(content).hexdigest() if status == HTTPStatus.OK else status
        return f"leads to {read}"


def _is_at_rest(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("status") in _FINAL


def _difference(before: Mapping[str, Any], after: Any) -> str:
    """What of an answer is another one or gone; what is new besides is fine."""
    if isinstance(after, str):
        return after
    members = [name for name, value in before.items() if after.get(name) != value]
    return f"answers with another {', '.join(members)}" if members else ""
