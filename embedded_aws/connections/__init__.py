"""The connection to the git provider: its webhook, and the permission to use it."""

import importlib


def install() -> None:
    """Makes the service answer. Loaded late: the git hook has no use for the emulator."""
    importlib.import_module("embedded_aws.codepipeline.connections").install()
