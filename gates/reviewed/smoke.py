"""The reviewed text of the smoke suite: each check that an environment must have passed.

`integ.verdict` holds a run's report against it, so a check that is left out, renamed or skipped
fails the stage.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from gates.delivery import SMOKE_SETTINGS, Delivery
from gates.tools.run import isolated, run

TEXT: Final = "smoke.txt"
_HEADER: Final = """\
# The checks that every environment must pass after a deployment. Reviewed: what is not here is not
# proved. Written by `make accept`.
"""


def texts(delivery: Delivery) -> dict[str, str]:
    """The text by the name of its file; no checks where the checkout has no suite.

    Raises ToolError when the suite cannot be collected.
    """
    if not (delivery.checkout / SMOKE_SETTINGS).is_file():
        return {TEXT: _HEADER}
    return {TEXT: f"{_HEADER}\n{_collected(delivery.checkout.resolve())}"}


@lru_cache
def _collected(checkout: Path) -> str:
    # In a process of its own: the suite's code, which the gates do not trust, says what it holds.
    return run(isolated("integ.checks", checkout), expected=(0,))
