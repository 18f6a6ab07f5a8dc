"""What the smoke suite calls of the APIs: the suite itself runs, against APIs in memory."""

from __future__ import annotations

import re
from pathlib import Path

from tests.least_privilege.needs import ACCOUNT, Grant
from tests.least_privilege.policies import FILES_API, REQUESTS_API
from tests.support.fake_files_api import FakeFilesApi
from tests.support.fake_requests_api import FakeApi
from tests.support.fake_service import serving
from tests.support.smoke_runs import Checkout

_ID = re.compile(r"(?<=/)(requests|files)/[^/?]+$")


def smoke_needs(folder: Path) -> set[Grant]:
    """Invocations of API Gateway's methods, as IAM sees them."""
    needed = set()
    for name, fake, service in (
        (REQUESTS_API, FakeApi(), "requests"),
        (FILES_API, FakeFilesApi(), "files"),
    ):
        with serving(fake) as api:
            run = Checkout(folder / service, service).against(api.url).run()
        assert run.exit_code == 0, run.output
        # Forms and links lead to S3, and need no permission but their own.
        ours = [call.split(" ") for call in api.calls if not re.search(r" /v1/s3\b", call)]
        needed |= {_grant(name, method, path) for method, path in ours}
    return needed


def _grant(api: str, method: str, path: str) -> Grant:
    below_stage = path.partition("?")[0].removeprefix("/v1")
    resource = _ID.sub(r"\1/*", below_stage)
    arn = f"arn:aws:execute-api:us-west-2:{ACCOUNT}:{api}/STAGE/{method}{resource}"
    return Grant("smoke", "execute-api:Invoke", arn)
