"""One hook: finds out what is deployed, asks it, and tells the deployment.

Sources: "GetDeploymentTarget", "LambdaFunctionInfo" (CodeDeploy API reference), "Invoke" (AWS
Lambda API reference), "AppSpec 'hooks' section for an AWS Lambda deployment" (CodeDeploy user
guide).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from services.common.hook.verdicts import Answer, Judgement, Verdict, judge

# What CodeDeploy is told; there is no third answer.
_STATUS = {
    Verdict.PASSED: "Succeeded",
    Verdict.FAILED: "Failed",
    Verdict.INCONCLUSIVE: "Failed",
}


class InconclusiveError(Exception):
    """There is no answer to judge; the text says why."""


@dataclass(frozen=True)
class Target:
    """The alias of a function that a deployment moves, and the version that it moves it to."""

    function: str
    alias: str
    version: str


@dataclass(frozen=True)
class Hook:
    """checks: by function, the `event` that it gets and what its `answer` must have."""

    checks: Mapping[str, Mapping[str, Any]]
    codedeploy: Any
    functions: Any

    def run(self, event: Mapping[str, Any]) -> Judgement:
        """Checks the deployment of a hook's event, and tells CodeDeploy of it.

        Raises ClientError or BotoCoreError when CodeDeploy cannot be told. It then waits for an
        hour and takes the hook for failed.
        """
        judgement = self._judged(event["DeploymentId"])
        self.codedeploy.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=_STATUS[judgement.verdict],
        )
        return judgement

    def _judged(self, deployment: str) -> Judgement:
        try:
            target = self._target(deployment)
            check = self._check(target)
            answer = self._ask(target, check["event"])
        except InconclusiveError as error:
            return Judgement(Verdict.INCONCLUSIVE, str(error))
        except (ClientError, BotoCoreError) as error:
            return Judgement(Verdict.INCONCLUSIVE, f"{type(error).__name__}: {error}")
        return judge(answer, version=target.version, expected=check["answer"])

    def _target(self, deployment: str) -> Target:
        ids = self.codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
        targets = self.codedeploy.batch_get_deployment_targets(
            deploymentId=deployment, targetIds=ids
        )["deploymentTargets"]
        try:
            (target,) = targets
            info = target["lambdaTarget"]["lambdaFunctionInfo"]
            return Target(info["functionName"], info["functionAlias"], info["targetVersion"])
        except (KeyError, ValueError):
            raise InconclusiveError(
                f"deployment {deployment} does not say which version of which function it is "
                f"about: {json.dumps(targets, default=str)}"
            ) from None

    def _check(self, target: Target) -> Mapping[str, Any]:
        if target.function not in self.checks:
            raise InconclusiveError(f"there is no check of {target.function}")
        return self.checks[target.function]

    def _ask(self, target: Target, event: object) -> Answer:
        """Before the traffic, by the version's own number; after it, as everybody else does."""
        alias = self.functions.get_alias(FunctionName=target.function, Name=target.alias)
        moved = alias["FunctionVersion"] == target.version and not alias.get("RoutingConfig")
        answer = self.functions.invoke(
            FunctionName=target.function,
            Qualifier=target.alias if moved else target.version,
            Payload=json.dumps(event).encode(),
        )
        try:
            payload = json.loads(answer["Payload"].read())
            return Answer(answer["ExecutedVersion"], "FunctionError" in answer, payload)
        except (KeyError, ValueError) as error:
            raise InconclusiveError(f"what {target.function} answered is no answer") from error
