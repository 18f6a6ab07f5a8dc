"""What may differ between one installation of the request service and another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from services.requests.runtime.settings import EXPRESS, STANDARD
from settings import Reader

WORKFLOW_TYPES = (STANDARD, EXPRESS)
DEFAULT_MAX_BODY_BYTES = 1024 * 1024
# A function is called with at most 6 MB ("Lambda quotas", AWS Lambda Developer Guide). In that
# event the body is JSON within JSON, at most twice as long, beside headers of at most 10 KB, which
# stand there twice ("Quotas for configuring and running a REST API in API Gateway").
LARGEST_BODY_BYTES = 3_000_000


@dataclass(frozen=True)
class RequestOptions:
    """workflow_type: "STANDARD", or "EXPRESS" for many short requests at a lower price.

    max_body_bytes: a longer POST is refused; at most LARGEST_BODY_BYTES.
    """

    workflow_type: str = STANDARD
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES

    def __post_init__(self) -> None:
        if self.workflow_type not in WORKFLOW_TYPES:
            raise ValueError(
                f"workflow_type is {self.workflow_type!r}; "
                f"expected one of {', '.join(WORKFLOW_TYPES)}"
            )
        if not 1 <= self.max_body_bytes <= LARGEST_BODY_BYTES:
            raise ValueError(
                f"max_body_bytes is {self.max_body_bytes!r}; "
                f"expected 1 to {LARGEST_BODY_BYTES:_} bytes"
            )

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """From the service's section of the settings; the reader collects what is wrong there."""
        workflow_type = reader.one_of("workflow_type", WORKFLOW_TYPES, default=STANDARD)
        limit = ("max_body_bytes", 1, LARGEST_BODY_BYTES, DEFAULT_MAX_BODY_BYTES)
        options = cls(workflow_type or STANDARD, reader.whole_number(*limit))
        reader.finish()
        return options


DEFAULTS = RequestOptions()
