"""A form that a role's session signed uploads into the bucket of the role's account.

Whoever signs a form's policy is who uploads ("Calculate a signature for HTTP POST", Amazon S3 API
reference), and a session belongs to the account of its role. MiniStack looks up the account of a
user's key, but takes a session's key for an account of its own, which nobody let into the bucket.
Functions sign with sessions, so that no form of theirs would be taken.
"""

from __future__ import annotations

import functools

from ministack.core import responses
from ministack.services import s3


def install() -> None:
    """Wraps the look-up of a key's account; keys of users are found as before."""
    account_of = s3._account_from_access_key

    @functools.wraps(account_of)
    def account_of_session_too(access_key: str) -> str:
        assumed = responses._account_from_sts_session(access_key)
        return str(assumed or account_of(access_key))

    s3._account_from_access_key = account_of_session_too
