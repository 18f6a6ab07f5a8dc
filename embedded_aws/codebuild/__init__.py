"""CodeBuild that runs builds: the projects' own buildspecs, with their service roles.

`install` puts it in front of the emulator's CodeBuild, which goes on keeping the projects. One
build, in the order of its life: `api` (StartBuild) -> `plan` -> `build` (phases) -> `artifacts`
(source in) -> `buildspec` -> `environment`, `runtimes`, `credentials` -> `runner` and `supervisor`
(commands) -> `outputs`, `reports` (out); `record` and `logs` say meanwhile how it goes.
"""

from __future__ import annotations

import importlib


def install() -> None:
    """Called once, before the server answers."""
    # By name: importing a pure part of this package, as tests do, must not load the emulator.
    importlib.import_module(f"{__name__}.installation").install()
