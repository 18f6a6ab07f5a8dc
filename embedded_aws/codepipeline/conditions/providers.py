"""The rules that a condition may be made of, and what each allows.

Source: CodePipeline user guide, "rule-reference-CloudWatchAlarm", "-CodeBuild", "-Commands",
"-DeploymentWindow", "-LambdaInvoke", "-VariableCheck". Only some pages say how many input artifacts
a rule takes: a function and commands take what the actions of the same kind take.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "1"


@dataclass(frozen=True)
class Provider:
    """A rule type: its configuration keys, and (fewest, most) input artifacts."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    inputs: tuple[int, int] = (0, 0)
    may_skip: bool = False
    """Whether it may decide that a stage is skipped: "rule-reference-Commands", note."""


PROVIDERS = {
    "CloudWatchAlarm": Provider(("AlarmName",), ("AlarmStates", "WaitTime")),
    "CodeBuild": Provider(
        ("ProjectName",), ("PrimarySource", "EnvironmentVariables"), inputs=(1, 5)
    ),
    "Commands": Provider((), inputs=(1, 10)),
    "DeploymentWindow": Provider(("Cron",), ("TimeZone",)),
    "LambdaInvoke": Provider(("FunctionName",), ("UserParameters",), (0, 5), may_skip=True),
    "VariableCheck": Provider(("Operator", "Value", "Variable"), may_skip=True),
}
