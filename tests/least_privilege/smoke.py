"""What the smoke suite calls of the APIs: the suite itself runs, against APIs in memory."""

from __future__ import annotations

import re
from pathlib import Path

from tests.least_privilege.needs import ACCOUNT, Grant
from tests.support.fake_files_api import FakeFilesApi
from tests.support.fake_requests_api import FakeApi
from tests.support.fake_service import serving
from tests.support.smoke_runs import Checkout

_ID = re.compile(r"/(requests|files)/[^/]+$")
_SERVICES = {"requests": FakeApi, "files": FakeFilesApi}


def smoke_needs(folder: Path) -> set[Grant]:
    """Invocations of API Gateway's methods, as IAM sees them; links need no right of the caller."""
    calls: set[str] = set()
    for service, fake in _SERVICES.items():
        with serving(fake()) as api:
            run = Checkout(folder / service, service).against(api.url).run()
        assert run.exit_code == 0, run.output
        calls |= {call for call in api.calls if "/v1/s3/" not in call}
    return {_grant(*call.split(" ")) for call in calls}


def _grant(method: str, path: str) -> Grant:
    below_stage = path.partition("?")[0].partition("/v1")[2]
    resource = _ID.sub(r"/\1/*", below_stage)
    arn = f"arn:aws:execute-api:us-west-2:{ACCOUNT}:API/STAGE/{method}{resource}"
    return Grant("smoke", "execute-api:Invoke", arn)
