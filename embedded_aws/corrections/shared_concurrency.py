"""A function's reserved concurrency holds for its versions and aliases, too.

AWS reserves concurrency for "the entire function, including versions and aliases" ("Configuring
reserved concurrency for a function", AWS Lambda Developer Guide). MiniStack looks for it in the
record of the version that is invoked, which has none: a function that is called by its alias, or
held at 0, would run without a limit.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ministack.services import lambda_svc

from embedded_aws.function_records import function_of


def install() -> None:
    """Asks the function's own record, whatever version of it is invoked."""
    original = lambda_svc._reserved_concurrency

    @functools.wraps(original)
    def reserved(record: Any, config: Mapping[str, Any]) -> Any:
        return original(function_of(config) or record, config)

    lambda_svc._reserved_concurrency = reserved
