"""One CloudFormation stack as a deploy action handles it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws.codepipeline.actions.base import ActionError, Context

POLL_SECONDS = 0.2
_SETTLED_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_EMPTY = ("didn't contain changes", "no updates are to be performed")


class Stack:
    """Wraps the calls with the action's credentials; waits end early when it is abandoned."""

    def __init__(self, context: Context, cloudformation: Any) -> None:
        self.name = context.configuration["StackName"]
        self._context = context
        self._api = cloudformation

    def replace_change_set(self, name: str, request: Mapping[str, Any]) -> str:
        """Creates the change set anew; a summary for people."""
        exists = self._exists()
        if exists:
            self._delete_change_set(name)
        created = self._api.create_change_set(
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType="UPDATE" if exists else "CREATE",
            **request,
        )
        self._report(created["StackId"])
        change_set = self._change_set(name)
        if change_set["Status"] == "FAILED" and not _is_empty(change_set):
            raise ActionError(f"{self.name}: {change_set.get('StatusReason', 'no reason given')}")
        return f"Change set {name} was created."

    def execute_change_set(self, name: str) -> str:
        """Executes a change set and waits for the stack; an empty one changes nothing."""
        change_set = self._change_set(name)
        self._report(change_set["StackId"])
        if _is_empty(change_set):
            return "The change set contained no changes."
        self._api.execute_change_set(StackName=self.name, ChangeSetName=name)
        return self._settle()

    def create_or_update(self, request: Mapping[str, Any]) -> str:
        """Creates the stack, or updates it; no changes are a success."""
        try:
            call = self._api.update_stack if self._exists() else self._api.create_stack
            self._report(call(StackName=self.name, **request)["StackId"])
        except ClientError as error:
            if _EMPTY[1] in error.response["Error"]["Message"].lower():
                return "No updates are to be performed."
            raise
        return self._settle()

    def outputs(self) -> dict[str, str]:
        """The stack's outputs by key."""
        described = self._describe() or {}
        return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs") or ()}

    def _exists(self) -> bool:
        described = self._describe()
        # A stack that only ever had a change set must be created by the next one.
        return described is not None and described["StackStatus"] != "REVIEW_IN_PROGRESS"

    def _describe(self) -> dict[str, Any] | None:
        try:
            stack: dict[str, Any] = self._api.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        return stack

    def _delete_change_set(self, name: str) -> None:
        try:
            self._api.delete_change_set(StackName=self.name, ChangeSetName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in (
                "ChangeSetNotFound",
                "ChangeSetNotFoundException",
            ):
                raise

    def _change_set(self, name: str) -> dict[str, Any]:
        """The change set once it is ready, or has failed."""
        while True:
            change_set: dict[str, Any] = self._api.describe_change_set(
                StackName=self.name, ChangeSetName=name
            )
            if change_set["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return change_set
            self._pause()

    def _settle(self) -> str:
        """Waits until the stack has settled, rollbacks included; raises when it settled badly."""
        while True:
            status = (self._describe() or {"StackStatus": "DELETE_COMPLETE"})["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                break
            self._pause()
        if status not in _SETTLED_WELL:
            raise ActionError(f"{self.name} is {status}: {self._first_failure()}")
        return f"Stack {self.name} is {status}."

    def _first_failure(self) -> str:
        """The first resource that failed in the last operation, and why."""
        failures = [e for e in self._last_operation() if e["ResourceStatus"].endswith("_FAILED")]
        own = [e for e in failures if "cancelled" not in e.get("ResourceStatusReason", "")]
        if not own:
            return "no event says why"
        first = own[-1]
        reason = first.get("ResourceStatusReason", "no reason given")
        return f"{first['LogicalResourceId']} ({first['ResourceType']}): {reason}"

    def _last_operation(self) -> Iterator[dict[str, Any]]:
        """The events since the stack's last operation began, newest first.

        Without the permission to read them, CodePipeline's message stays general; so does ours.
        """
        try:
            events = self._api.describe_stack_events(StackName=self.name)["StackEvents"]
        except ClientError:
            return
        for event in events:
            yield event
            if event["LogicalResourceId"] == self.name and event["ResourceStatus"] in (
                "CREATE_IN_PROGRESS",
                "UPDATE_IN_PROGRESS",
            ):
                return

    def _pause(self) -> None:
        if not self._context.wait(POLL_SECONDS):
            raise ActionError("the action was abandoned")

    def _report(self, stack_id: str) -> None:
        region = self._context.region
        url = f"https://{region}.console.aws.amazon.com/cloudformation/home?region={region}#/"
        self._context.report(external_id=stack_id, external_url=url)


def _is_empty(change_set: Mapping[str, Any]) -> bool:
    reason = str(change_set.get("StatusReason", "")).lower()
    return change_set["Status"] == "FAILED" and any(text in reason for text in _EMPTY)
