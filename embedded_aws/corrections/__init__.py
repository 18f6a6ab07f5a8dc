"""Where the emulator differs from AWS in something that deliveries rely on, and is put right.

One module a correction: its docstring says what AWS does (with the page that says so), what the
emulator does, and why it matters. Each has a test against the running emulator. They change private
parts of MiniStack, so another release is refused.
"""

from __future__ import annotations

import importlib
import logging
from importlib.metadata import version

from embedded_aws.installation import EMULATOR_VERSION

CORRECTIONS = (
    "alarm_actions",
    "alarm_evaluation",
    "api_invokes",
    "api_metrics",
    "api_owner",
    "async_invokes",
    "bucket_owner",
    "bucket_policy",
    "bucket_tags",
    "change_set_name",
    "embedded_metrics",
    "expected_owner",
    "failed_resources",
    "form_signer",
    "function_settings",
    "gateway_answers",
    "lambda_error",
    "lambda_metrics",
    "lambda_permissions",
    "log_streams",
    "machine_metrics",
    "machine_role",
    "metric_queries",
    "nested_attributes",
    "nested_change_sets",
    "nested_retention",
    "node_sdk",
    "object_version",
    "own_disk",
    "policy_references",
    "post_checksum",
    "principal_arn",
    "queue_metrics",
    "request_ids",
    "role_tags",
    "rule_invokes",
    "same_execution",
    "sent_messages",
    "shared_code",
    "shared_concurrency",
    "taken_tables",
    "template_url",
    "weighted_aliases",
)
"""The modules of this package, in the order in which they are installed."""


class OtherEmulatorError(RuntimeError):
    """These corrections were not checked with the MiniStack that is installed."""


def install() -> None:
    """Applies every correction, once, before the server answers its first request."""
    check(version("ministack"))
    for name in CORRECTIONS:
        importlib.import_module(f"{__name__}.{name}").install()
    logging.getLogger("embedded_aws").info("corrections: %s", " ".join(CORRECTIONS))


def check(installed: str) -> None:
    """Raises `OtherEmulatorError`, naming what to check again, for any other release."""
    if installed != EMULATOR_VERSION:
        raise OtherEmulatorError(
            f"MiniStack {installed} is installed, but the corrections were made for "
            f"{EMULATOR_VERSION}. Read each again beside the new code, run "
            "tests/embedded_aws/test_corrections.py, then change EMULATOR_VERSION in "
            f"embedded_aws/installation.py. Corrections: {', '.join(CORRECTIONS)}; and "
            "embedded_aws/registry.py, which enters services into MiniStack's tables."
        )
