"""Carries deployments out: hooks, shifts of traffic, alarms, stops, rollbacks.

Sources: "AppSpec 'hooks' section for an AWS Lambda deployment", "Redeploy and roll back a
deployment with CodeDeploy", "Working with deployment configurations" (CodeDeploy user guide). A
rollback is a deployment of its own, back to the version that the alias had, at once and without
hooks. Without one the alias stays as the deployment left it.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws.codedeploy import alarms
from embedded_aws.codedeploy.acting import Acting, Clients, DeploymentError, denied, reason
from embedded_aws.codedeploy.configurations import ALL_AT_ONCE, PREDEFINED, WHOLE
from embedded_aws.codedeploy.model import Deployment, Ending, LifecycleEvent, now
from embedded_aws.codedeploy.state import State
from embedded_aws.json_service import ServiceError

logger = logging.getLogger("codedeploy")

POLL_SECONDS = 1.0
"""How often alarms are looked at; AWS does not say how often it does."""
HOOK_SECONDS = 3600.0
"""A hook that has not answered within one hour has failed ("AppSpec 'hooks' section")."""

_STOPPED = Ending(
    "MANUAL_STOP", "The deployment was stopped.", "Stopped", "DEPLOYMENT_STOP_ON_REQUEST"
)


class Engine:
    """Carries out the deployments of one `State`, each on a thread of its own.

    `acting` takes on a deployment's permissions, `seconds` says how long to wait for so many
    minutes (see `clock`).
    """

    def __init__(self, state: State, acting: Acting, seconds: Callable[[float], float]) -> None:
        self.state = state
        self._acting = acting
        self._seconds = seconds

    def start(self, deployment: Deployment) -> None:
        """Begins a deployment; returns at once. The caller holds the lock.

        DeploymentLimitExceededException says that the group has one under way.
        """
        active = self.state.active(deployment.group)
        if active is not None:
            raise ServiceError(
                "DeploymentLimitExceededException",
                f"The Deployment Group '{deployment.group.name}' already has an active "
                f"Deployment '{active.id}'",
            )
        self._add(deployment)
        threading.Thread(
            target=self._perform,
            args=(deployment,),
            name=f"deployment {deployment.id}",
            daemon=True,
        ).start()

    def wait(self, deployment: Deployment) -> None:
        """Until it has ended, and its rollback with it."""
        with self.state.changed:
            self.state.changed.wait_for(lambda: self._is_over(deployment))

    def stop(self, deployment: Deployment, *, roll_back: bool | None) -> None:
        """Asks it to stop. `roll_back` decides for its group. The caller holds the lock."""
        if deployment.ended:
            raise ServiceError(
                "DeploymentAlreadyCompletedException",
                f"The deployment {deployment.id} is already completed",
            )
        if deployment.is_rollback:
            raise ServiceError(
                "UnsupportedActionForDeploymentTypeException",
                f"The deployment {deployment.id} is a rollback, which cannot be stopped",
            )
        if roll_back is not None:
            events = [_STOPPED.event] if roll_back else []
            deployment.rollbacks = {"enabled": roll_back, "events": events}
        deployment.stopping = _STOPPED
        self.state.changed.notify_all()

    def answer(self, deployment: Deployment, execution: str, status: str) -> None:
        """What a hook says about its event. The caller holds the lock."""
        event = next((e for e in deployment.events if e.execution == execution), None)
        if event is None or not execution:
            raise ServiceError(
                "InvalidLifecycleEventHookExecutionIdException",
                "The lifecycle event hook execution ID does not belong to the deployment",
            )
        if not event.running or event.answer:
            raise ServiceError(
                "LifecycleEventAlreadyCompletedException",
                f"The lifecycle event {event.name} is already completed",
            )
        event.answer = status
        self.state.changed.notify_all()

    def forget(self) -> None:
        """Everything; what runs ends at its next step."""
        with self.state.changed:
            for deployment in self.state.deployments.values():
                deployment.stopping = _STOPPED
            self.state.clear()
            self.state.changed.notify_all()

    # -- one deployment ------------------------------------------------------------------------

    def _add(self, deployment: Deployment) -> None:
        self.state.deployments[deployment.account, deployment.id] = deployment
        self.state.changed.notify_all()

    def _is_over(self, deployment: Deployment) -> bool:
        rollback = self.state.deployments.get((deployment.account, deployment.rollback))
        return deployment.ended and (rollback is None or rollback.ended)

    def _perform(self, deployment: Deployment) -> None:
        """On its own thread: whatever happens ends the deployment, and takes it back if asked."""
        ending = None
        try:
            with self.state.changed:
                deployment.status, deployment.started = "InProgress", now()
            with self._acting(deployment) as role:
                _Run(self.state, deployment, role, self._seconds).through()
        except DeploymentError as error:
            ending = error.ending
        except Exception as error:  # the edge of the thread: a deployment must end, and say why
            logger.exception("deployment %s", deployment.id)
            ending = Ending("INTERNAL_ERROR", f"{type(error).__name__}: {error}")
        rollback = self._end(deployment, ending)
        if rollback is not None:
            self._perform(rollback)

    def _end(self, deployment: Deployment, ending: Ending | None) -> Deployment | None:
        """Records the end; the rollback that has to follow, known from the same moment on."""
        with self.state.changed:
            deployment.completed = deployment.updated = now()
            deployment.ending = ending
            deployment.status = ending.status if ending else "Succeeded"
            rollback = None
            if ending is not None:
                _skip_rest(deployment, ending)
                if deployment.rolls_back_after(ending):
                    rollback = _taking_back(deployment)
                    deployment.rollback = rollback.id
                    self._add(rollback)
            self.state.changed.notify_all()
            return rollback


class _Run:
    """One deployment on its way, with its service role."""

    def __init__(
        self,
        state: State,
        deployment: Deployment,
        role: Clients,
        seconds: Callable[[float], float],
    ) -> None:
        self._seconds = seconds
        self._changed = state.changed
        self._deployment = deployment
        self._role = role
        self._spec = deployment.appspec

    def through(self) -> None:
        """All of it. Raises `DeploymentError`."""
        if not self._deployment.is_rollback:
            self._check_alias()
            self._look()
        before, allow, after = self._deployment.events
        self._event(before, self._ask_hook)
        self._event(allow, self._shift)
        self._event(after, self._ask_hook)

    def _event(self, event: LifecycleEvent, act: Callable[[LifecycleEvent], None]) -> None:
        with self._changed:
            event.status, event.started = "InProgress", now()
            self._changed.notify_all()
        act(event)
        self._look()
        with self._changed:
            event.status, event.ended = "Succeeded", now()
            self._deployment.updated = now()
            self._changed.notify_all()

    # -- the alias -----------------------------------------------------------------------------

    def _check_alias(self) -> None:
        alias = self._lambda("get_alias")
        if alias["FunctionVersion"] != self._spec.current:
            raise DeploymentError(
                Ending(
                    "INVALID_LAMBDA_CONFIGURATION",
                    "The deployment failed because the AppSpec file that specifies the AWS Lambda "
                    "deployment configuration is missing or has an invalid configuration. The "
                    "Lambda function alias version does not match the current version in AppSpec "
                    "file.",
                )
            )

    def _shift(self, _: LifecycleEvent) -> None:
        for shift in self._deployment.configuration.shifts():
            self._move(shift.percent)
            self._pause(self._seconds(shift.minutes), lambda: False)

    def _move(self, percent: int) -> None:
        """So much of the traffic to the new version: the alias itself when it is all."""
        if percent == WHOLE:
            version, weights = self._spec.target, {}
        else:
            version, weights = self._spec.current, {self._spec.target: percent / WHOLE}
        routing = {"AdditionalVersionWeights": weights}
        self._lambda("update_alias", FunctionVersion=version, RoutingConfig=routing)
        with self._changed:
            self._deployment.weight, self._deployment.updated = percent, now()
            self._changed.notify_all()

    def _lambda(self, operation: str, **members: Any) -> Any:
        call = getattr(self._role("lambda"), operation)
        try:
            return call(FunctionName=self._spec.function, Name=self._spec.alias, **members)
        except ClientError as error:
            code = "IAM_ROLE_PERMISSIONS" if denied(error) else "INVALID_LAMBDA_FUNCTION"
            raise DeploymentError(Ending(code, reason(error))) from error

    # -- hooks ---------------------------------------------------------------------------------

    def _ask_hook(self, event: LifecycleEvent) -> None:
        function = self._spec.hooks.get(event.name)
        if function is None:
            return
        with self._changed:
            event.execution = secrets.token_urlsafe(96)
        self._invoke(function, event)
        if not self._pause(HOOK_SECONDS, lambda: bool(event.answer)):
            _fail(event, f"{function} did not answer within one hour")
        if event.answer != "Succeeded":
            _fail(event, f"{function} answered {event.answer}")

    def _invoke(self, function: str, event: LifecycleEvent) -> None:
        payload = {
            "DeploymentId": self._deployment.id,
            "LifecycleEventHookExecutionId": event.execution,
        }
        try:
            self._role("lambda").invoke(
                FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode()
            )
        except ClientError as error:
            text = f"{function} could not be invoked: {reason(error)}"
            _fail(event, text, "IAM_ROLE_PERMISSIONS" if denied(error) else _HOOK_FAILED)

    # -- waiting -------------------------------------------------------------------------------

    def _pause(self, seconds: float, until: Callable[[], bool]) -> bool:
        """Waits; True as soon as `until` holds, False when the time is up.

        Raises `DeploymentError` when the deployment is stopped or an alarm is active meanwhile.
        """
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with self._changed:
                self._changed.wait_for(
                    lambda: until() or self._deployment.stopping, min(left, POLL_SECONDS)
                )
                held = until()
            self._look()
            if held:
                return True
        return False

    def _look(self) -> None:
        """Nothing of it matters to a rollback, which has to arrive."""
        if self._deployment.is_rollback:
            return
        if self._deployment.stopping is not None:
            raise DeploymentError(self._deployment.stopping)
        alarms.look(self._deployment, self._role)


_HOOK_FAILED = "HOOK_EXECUTION_FAILURE"


def _fail(event: LifecycleEvent, text: str, code: str = _HOOK_FAILED) -> None:
    raise DeploymentError(Ending(code, f"The lifecycle event {event.name} failed: {text}."))


def _skip_rest(deployment: Deployment, ending: Ending) -> None:
    """The event it was in has failed, those after it are skipped."""
    for event in deployment.events:
        if event.running:
            event.status, event.ended, event.message = "Failed", now(), ending.message
        elif event.status == "Pending":
            event.status = "Skipped"


def _taking_back(deployment: Deployment) -> Deployment:
    return Deployment(
        group=deployment.group,
        configuration=PREDEFINED[ALL_AT_ONCE],
        appspec=deployment.appspec.reversed(),
        creator="codeDeployRollback",
        alarms={},
        rollbacks={},
        triggered_by=deployment.id,
        previous=deployment.appspec,
    )
