"""CodePipeline behind the real AWS API, for the pipelines that CloudFormation creates here."""

import importlib


def install() -> None:
    """Makes the service answer. Loaded late: the engine itself needs no emulator, nor do tests."""
    importlib.import_module("embedded_aws.codepipeline.service").install()
