"""Apps that tests synthesize in their own process, and that leave nothing behind.

Without a folder of its own, an app of the CDK writes its assembly, with a copy of every asset,
below the machine's /tmp, where it stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, Final

import aws_cdk as cdk

_ASSEMBLIES: Final = TemporaryDirectory(prefix="assemblies-")
"""Removed when this process ends: until then an app's constructs may read what was written."""


def scratch_app(context: Mapping[str, Any] | None = None) -> cdk.App:
    """An app whose assembly goes when the tests end."""
    return cdk.App(outdir=mkdtemp(dir=_ASSEMBLIES.name), context=context)
