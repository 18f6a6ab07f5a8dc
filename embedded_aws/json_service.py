"""What our own AWS services have in common: JSON requests in, JSON answers out, errors as JSON.

AWS JSON protocols 1.0 and 1.1: the operation's name is the end of `X-Amz-Target`, the body is one
JSON object, an error is a 400 with `__type` (the exception's name in the service model) and
`message`. A request is checked against the service model first, at every level, so that an
operation is never entered with members of a wrong shape.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from embedded_aws.members import Model, refusal

Answer = tuple[int, dict[str, str], bytes]
"""HTTP status, headers, body."""

Operation = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes a request's members and returns the answer's; runs on a worker thread and may wait."""


class ServiceError(Exception):
    """An error of the API: `code` is the exception's name there, `message` its text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class JsonService:
    """Answers the operations it is given. A subclass sets the two texts and names its model.

    `model` is the service's model, None for a service whose operations no SDK knows. An operation
    that the model does not know is checked by itself.
    """

    title: str
    """The service as people call it, for messages."""
    content_type = "application/x-amz-json-1.1"
    invalid_code = "ValidationException"
    """What the service calls a request whose members are wrong."""

    def __init__(self, operations: Mapping[str, Operation], model: Model | None = None) -> None:
        self._operations = operations
        self._model = model

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> Answer:
        """Answers one authorized request, off the event loop; see `registry.Service`."""
        del method, path, query_params
        return await asyncio.to_thread(self._answer, operation_of(headers), body)

    def reset(self) -> None:
        """Forgets everything; nothing, unless a subclass keeps something."""

    def get_state(self) -> dict[str, Any]:
        """Nothing besides the stores of modules, unless a subclass keeps something."""
        return {}

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        """Takes nothing back; see `get_state`."""

    def _answer(self, name: str, body: bytes) -> Answer:
        try:
            operation = self._operations.get(name)
            if operation is None:
                raise self._unknown(name)
            return self._response(HTTPStatus.OK, operation(self._request(name, body)))
        except ServiceError as error:
            fault = {"__type": error.code, "message": error.message}
            return self._response(HTTPStatus.BAD_REQUEST, fault)

    def _request(self, name: str, body: bytes) -> Mapping[str, Any]:
        members = parsed(body)
        if members is None:
            raise ServiceError("SerializationException", "The request is no JSON object")
        shape = self._model.input_of(name) if self._model else None
        if self._model and shape and (message := refusal(self._model, shape, members)):
            raise ServiceError(self.invalid_code, message)
        return members

    def _unknown(self, name: str) -> ServiceError:
        offered = ", ".join(sorted(self._operations))
        return ServiceError(
            "UnsupportedOperationException",
            f"{self.title} does not offer {name} here. It offers: {offered}",
        )

    def _response(self, status: HTTPStatus, document: Mapping[str, Any]) -> Answer:
        # New headers each time: the emulator adds this response's own to them.
        return status.value, {"Content-Type": self.content_type}, json.dumps(document).encode()


def operation_of(headers: Mapping[str, str]) -> str:
    """The operation that a request's headers name; empty when they name none."""
    return headers.get("x-amz-target", "").rpartition(".")[2]


def parsed(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body, `{}` for an empty one; None when it is something else."""
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
