"""What an answer should be. A failure says: expected, what came back, where to look next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

import pytest

from integ.client import Answer
from integ.credentials import BEARER
from integ.settings import Settings

PROBLEM = "application/problem+json"
# What tells a stranger how the inside is made (RFC 9457, section 5).
INTERNALS = re.compile(
    r"Traceback|File \"|\.py\b|botocore|boto3|/var/(?:task|runtime|lang)|arn:aws|\bstack\b.?trace"
    r"|[A-Za-z]+(?:Error|Exception)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Expectations:
    """Each method fails the check when the answer is not as said.

    service: whose API is called. function: of its Lambda function, the name without `tap-<env>-`.
    """

    settings: Settings
    service: str
    function: str

    def status(self, answer: Answer, expected: int, meaning: str) -> None:
        if answer.status != expected:
            self.fail(f"{expected}, {meaning}", answer.described, self._look(answer))

    def problem(self, answer: Answer, expected: int, meaning: str) -> None:
        """The status, as an RFC 9457 problem that tells nothing about the inside."""
        self.status(answer, expected, meaning)
        body = answer.json
        if answer.content_type.partition(";")[0].strip().lower() != PROBLEM:
            self.fail(f"content type {PROBLEM}", answer.described, self.function_log(answer))
        texts = (body.get("title"), body.get("request_id"))
        if body.get("status") != expected or not all(isinstance(text, str) for text in texts):
            self.fail(
                f"a problem with status {expected}, a title and a request_id",
                answer.described,
                self.function_log(answer),
            )
        leak = INTERNALS.search(answer.text)
        if leak:
            self.fail(
                f"a problem without internals, not {leak.group()!r}",
                answer.described,
                self.function_log(answer),
            )

    def same(self, what: str, expected: str, got: object, answer: Answer) -> None:
        if got != expected:
            self.fail(
                f"{what} {expected}",
                f"{what} {got!r}, in {answer.described}",
                self.function_log(answer),
            )

    def fail(self, expected: str, got: str, look_next: str) -> NoReturn:
        text = f"Expected: {expected}\nGot: {got}\nLook next: {look_next}"
        pytest.fail(text, pytrace=False)

    def _look(self, answer: Answer) -> str:
        """By what came back, because that says which part of the system spoke."""
        if answer.signer == BEARER.name:
            return (
                f"what the role of function {self.function_name} may do, because it signed the "
                f"link, and whether {answer.path} can be reached from where this runs."
            )
        if answer.status is None:
            return (
                f"whether {self._stack} is deployed, and whether "
                f"{self.settings.api_urls[self.service]} can be reached from where this runs."
            )
        if answer.status == 403:
            return (
                f"the policy of role {self.settings.smoke_role_name}, and the stage of the API in "
                f"{self._stack}: a path that is not deployed is refused like a missing permission."
            )
        if answer.status == 429:
            return f"the throttle of the API in {self._stack}, and who else is calling it."
        if answer.signer == "unsigned" or "own role" in answer.signer:
            return (
                f"the methods of the API in {self._stack}: each needs authorization type AWS_IAM, "
                "and no resource policy may admit this caller."
            )
        return self.function_log(answer)

    def function_log(self, answer: Answer) -> str:
        """Where to look when the function behind the API answered something unexpected."""
        request_id = answer.request_id or "the time of this run"
        return (
            f"the log of function {self.function_name} in account {self.settings.account}, "
            f"filtered by {request_id}."
        )

    @property
    def function_name(self) -> str:
        return f"tap-{self.settings.environment}-{self.function}"

    @property
    def _stack(self) -> str:
        return f"stack tap-{self.settings.environment} of account {self.settings.account}"
