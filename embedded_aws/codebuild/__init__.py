"""CodeBuild that runs builds: the projects' own buildspecs, with their service roles.

It stands in front of the emulator's CodeBuild, which goes on keeping the projects. One build, in
the order of its life: `api` (StartBuild) -> `plan` -> `build` (phases) -> `artifacts` (source in)
-> `buildspec` -> `environment`, `runtimes`, `credentials` -> `runner` and `supervisor` (commands)
-> `outputs`, `reports` (out); `record` and `logs` say meanwhile how it goes.
"""
