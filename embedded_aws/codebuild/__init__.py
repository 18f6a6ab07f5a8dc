"""CodeBuild that runs builds: the projects' own buildspecs, with their service roles.

It stands in front of the emulator's CodeBuild, which goes on keeping the projects. One build, in
the order of its life: `api` (StartBuild) -> `plan` -> `build` (phases) -> `artifacts` (source in)
-> `buildspec` -> `sandbox`, `environment`, `runtimes`, `credentials` -> `runner` and `inside` (the
commands, in the sandbox) -> `outputs`, `reports` (out); `record` and `logs` say how it goes.
"""
