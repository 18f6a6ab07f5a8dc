"""A metric without dimensions is a metric of its own, not the sum of all others of its name.

AWS: "CloudWatch treats each unique combination of dimensions as a separate metric, even if the
metrics have the same metric name" ("Metrics concepts", CloudWatch User Guide,
`cloudwatch_concepts.html`). MiniStack put all of them together for a query that named none, so that
`Invocations` of no function counted each invocation several times.
"""

from __future__ import annotations

import functools
from typing import Any

from ministack.services import cloudwatch


class _Exactly(dict[str, str]):
    """Dimensions to look for. None of them is a wish, too: it is not false, as an empty dict is."""

    def __bool__(self) -> bool:
        return True


def install() -> None:
    """Wraps the reading of dimensions."""
    original = cloudwatch._dims_from_list

    @functools.wraps(original)
    def read(dimensions: Any) -> dict[str, str]:
        return _Exactly(original(dimensions))

    cloudwatch._dims_from_list = read
