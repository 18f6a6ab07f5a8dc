"""How a check is written down, and how all of them are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from accounts.preflight.account import Account
from accounts.preflight.finding import Finding, unseen

Check = Callable[[Account], Iterator[Finding]]

_DENIED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")


@dataclass(frozen=True)
class Named:
    """title: what is looked at. needs: the IAM actions without which it sees nothing."""

    title: str
    needs: tuple[str, ...]
    check: Check

    def findings(self, account: Account) -> list[Finding]:
        """What the check says, or that it could not see."""
        try:
            return list(self.check(account))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            why = "not allowed" if code in _DENIED else f"AWS says {code}"
            return [unseen(f"{error.operation_name}: {why}", f"allow {', '.join(self.needs)}")]
        except BotoCoreError as error:
            return [unseen(str(error))]


REGISTERED: Final[list[Named]] = []


def check(title: str, *needs: str) -> Callable[[Check], Check]:
    """Registers the decorated function as a check of `checks.CHECKS`."""

    def register(function: Check) -> Check:
        REGISTERED.append(Named(title, needs, function))
        return function

    return register
