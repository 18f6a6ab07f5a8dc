"""What a construct must know about the environment it is built for."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk

# The parameter by which the delivery tells a stack which commit it deploys.
COMMIT_PARAMETER = "Commit"
# What a deployment says that was not told of a commit.
UNKNOWN_COMMIT = "unknown"


@dataclass(frozen=True)
class EnvironmentSettings:
    """One environment, as the constructs of a service see it.

    name: such as "dev"; part of every physical name.
    disposable: True where data may be destroyed with its stack.
    architecture: "x86_64" or "arm64", of every function.
    cors_origins: the origins a browser may call the APIs from.
    alarm_email: who is told of alarms; None for nobody.
    commit: of what is deployed, as the delivery tells it while it deploys; a reference.
    canary_minutes: how long a tenth of a function's traffic tries a new version; 0 for not at all.
    """

    name: str
    disposable: bool
    architecture: str
    cors_origins: tuple[str, ...]
    alarm_email: str | None = None
    commit: str = UNKNOWN_COMMIT
    canary_minutes: int = 0

    def named(self, resource: str) -> str:
        """The physical name of a resource: `tap-<environment>-<resource>`."""
        return f"tap-{self.name}-{resource}"

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """For data and logs: they go with a disposable environment, else survive their stack.

        Except where its creation fails: that takes back what it made, or the names would be taken
        for the next attempt ("DeletionPolicy attribute", CloudFormation user guide).
        """
        if self.disposable:
            return cdk.RemovalPolicy.DESTROY
        return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
