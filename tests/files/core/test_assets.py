"""Each function's asset holds all that its code imports, besides what Lambda provides.

Proved by importing each staged handler in an interpreter that sees the asset, the standard library
and boto3's own packages, and nothing else of this checkout. That the native parts run on Lambda is
the rehearsal's to show, where the machine has the asset's architecture.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import botocore
import pytest

from services.common.packaging.bundling import Bundle, stage

RUNTIME = "services/files/runtime"
PROCESSING = ("catalogue", "processing", "rejection")
ALSO = {"api": ("catalogue",), "images": PROCESSING, "tables": PROCESSING}
PROVIDED = ("boto3", "botocore", "s3transfer", "dateutil", "six.py", "urllib3", "jmespath")
SETTINGS = {
    "ENVIRONMENT": "dev",
    "COMMIT": "0123456",
    "UPLOADS_BUCKET": "uploads",
    "RESULTS_BUCKET": "results",
    "CATALOGUE_TABLE": "catalogue",
    "MAX_FILE_BYTES": "1",
    "MAX_RESULT_BYTES": "1",
    "MAX_IMAGE_BYTES": "1",
    "MAX_TABLE_BYTES": "1",
    "LINK_MINUTES": "15",
    "MAX_ATTEMPTS": "3",
    "AWS_DEFAULT_REGION": "us-west-2",
}
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


@pytest.fixture(scope="module")
def provided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what Lambda's runtime has."""
    folder = tmp_path_factory.mktemp("provided")
    for name in PROVIDED:
        source = Path(botocore.__file__).parents[1] / name
        if source.exists():
            (folder / name).symlink_to(source)
    return folder


@pytest.mark.parametrize("function", ALSO)
def test_an_asset_imports_alone(function: str, provided: Path) -> None:
    also = tuple(f"{RUNTIME}/{name}" for name in ALSO[function])
    asset = stage(Bundle(f"{RUNTIME}/{function}", ARCHITECTURE, also=also))
    script = f"""
import sys
sys.path[:0] = [{str(asset)!r}, {str(provided)!r}]
from services.files.runtime.{function}.handler import handler
print(sys.modules[handler.__module__].__file__)
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env=SETTINGS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(asset))
