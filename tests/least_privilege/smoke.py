"""What the smoke suite calls of the API: the suite itself runs, against an API in memory."""

from __future__ import annotations

import re
from pathlib import Path

from tests.least_privilege.needs import ACCOUNT, Grant
from tests.support.fake_requests_api import FakeApi
from tests.support.fake_service import serving
from tests.support.smoke_runs import Checkout

_ID = re.compile(r"/requests/[^/]+$")


def smoke_needs(folder: Path) -> set[Grant]:
    """Invocations of API Gateway's methods, as IAM sees them."""
    with serving(FakeApi()) as api:
        run = Checkout(folder).against(api.url).run()
    assert run.exit_code == 0, run.output
    return {_grant(*call.split(" ")) for call in api.calls}


def _grant(method: str, path: str) -> Grant:
    below_stage = path.partition("/v1")[2]
    resource = _ID.sub("/requests/*", below_stage)
    arn = f"arn:aws:execute-api:us-west-2:{ACCOUNT}:API/STAGE/{method}{resource}"
    return Grant("smoke", "execute-api:Invoke", arn)
