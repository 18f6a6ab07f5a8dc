"""Whether what the service depends on answers, asked in bounded time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.config import Config

from services.common.runtime.aws import faults_as_unavailable
from services.common.runtime.problems import UnavailableError
from services.files.runtime.catalogue.store import DynamoCatalogue

# One try of at most three seconds each, all at once.
PROBE_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 1},
    request_checksum_calculation="when_required",
)
OK, UNAVAILABLE = "ok", "unavailable"
# No file has this id.
_NOBODY = "status"

Probe = Callable[[], object]


def check(probes: Mapping[str, Probe]) -> dict[str, str]:
    """OK or UNAVAILABLE, by the names of the probes; all are run at once."""
    with ThreadPoolExecutor(len(probes)) as pool:
        return dict(zip(probes, pool.map(_answer, probes.values()), strict=True))


def probes(
    client: Callable[[str], Any], table: str, uploads: str, results: str
) -> dict[str, Probe]:
    """One a dependency. client: makes clients by service name, configured as PROBE_CONFIG says."""
    catalogue = DynamoCatalogue(client("dynamodb"), table)
    s3 = client("s3")
    return {
        "catalogue": lambda: catalogue.file(_NOBODY),
        "uploads": lambda: _look_at(s3, uploads),
        "results": lambda: _look_at(s3, results),
    }


def _look_at(s3: Any, bucket: str) -> None:
    with faults_as_unavailable():
        s3.head_bucket(Bucket=bucket)


def _answer(probe: Probe) -> str:
    try:
        probe()
    except UnavailableError:
        return UNAVAILABLE
    return OK
