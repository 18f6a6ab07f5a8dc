"""What happens to an accepted request: the state machine's definition, as plain data.

    (Token ->) Claim -> Work (payload is there -> Process) -> Complete
                 |        `-- any failure --> MarkFailed -> Failed
                 `-- somebody else's row --> NotOurs

After the work, `Complete` is tried for hours before the row says `CompletionNotRecorded`, because a
failed row tells its caller to send the request again, and this work was done.

`Process` is the place for your own work: replace it by one or more states inside `Work`, and
whatever fails there marks the row as failed. States after it read the execution's own input, so
its output may be anything.

The claim makes it exactly once: a row goes from accepted to processing once, and only the claimant
that took it there goes on. In a STANDARD workflow that is the execution, which runs once. An
EXPRESS one AWS may run again from its beginning or start twice under one name, so there it is a
token that every run draws anew ("Execution guarantees in Step Functions workflows").

The definition uses JSONata. It names the table and the bucket by the substitutions ${TableName}
and ${BucketName}. Sources: AWS Step Functions Developer Guide, "Transforming data with JSONata",
"Handling errors in Step Functions workflows", "DynamoDB API in Step Functions".
"""

from __future__ import annotations

from typing import Any

from services.requests.runtime.models import (
    ACCEPTANCE_TAG,
    ACCEPTED_TAG,
    CAUSE_LIMIT,
    COMPLETION_NOT_RECORDED,
)
from services.requests.runtime.settings import EXPRESS, STANDARD

State = dict[str, Any]

_INPUT = "$states.context.Execution.Input"
_REQUEST_ID = f"{{% {_INPUT}.request_id %}}"
_S3_KEY = f"{{% {_INPUT}.s3_key %}}"
_EXECUTION = "{% $states.context.Execution.Id %}"
_NOW = "{% $now() %}"
_LOST_RACE = "DynamoDB.ConditionalCheckFailedException"
# By what a run recognizes its own claim.
_CLAIMANTS = {STANDARD: _EXECUTION, EXPRESS: "{% $token %}"}
# A first try and five more, the last after half a minute at most.
_PATIENCE = {"MaxAttempts": 5, "MaxDelaySeconds": 15}
# Of Complete. STANDARD: about eight hours, half of the longest, with jitter. EXPRESS: what fits
# into the five minutes that AWS gives an execution.
_LONG_PATIENCE = {
    STANDARD: {"MaxAttempts": 200, "MaxDelaySeconds": 300},
    EXPRESS: {"MaxAttempts": 16, "MaxDelaySeconds": 15},
}


def definition(workflow_type: str = STANDARD) -> State:
    """The Amazon States Language document, before substitution, of either type of workflow."""
    claimant = _CLAIMANTS[workflow_type]
    express = workflow_type == EXPRESS
    return {
        "Comment": "Claims an accepted request, does the work, records how it ended",
        "QueryLanguage": "JSONata",
        "StartAt": "Token" if express else "Claim",
        "States": {
            **({"Token": _token()} if express else {}),
            "Claim": _claim(claimant),
            "Work": _work(),
            "Complete": _complete(claimant, _LONG_PATIENCE[workflow_type]),
            "Done": {"Type": "Succeed"},
            "MarkFailed": _mark_failed(claimant),
            "Failed": {
                "Type": "Fail",
                "Error": "{% $failure.error %}",
                "Cause": "{% $failure.cause %}",
            },
            "NotOurs": {
                "Type": "Fail",
                "Error": "NotOurs",
                "Cause": "The row is missing, finished, or claimed by another execution",
            },
        },
    }


def _token() -> State:
    # A state of its own: inside Claim, every retry would draw another.
    return {"Type": "Pass", "Assign": {"token": "{% $uuid() %}"}, "Next": "Claim"}


def _claim(claimant: str) -> State:
    """accepted -> processing, for one claimant only; the same one may repeat it.

    A retry after a lost reply meets its own claim, hence the second half of the condition. The
    row stays in the index of pending rows, under its new status and time, until it has ended.
    """
    return _update(
        "SET #status = :processing, claimed_by = :claimant, updated_at = :now,"
        " step_function_execution_arn = :execution, pending_since = :since",
        condition="#status = :accepted OR (#status = :processing AND claimed_by = :claimant)",
        values={
            ":processing": "processing",
            ":accepted": "accepted",
            ":claimant": claimant,
            ":execution": _EXECUTION,
            ":since": "{% 'processing ' & $now() %}",
        },
        then="Work",
        catch=[{"ErrorEquals": [_LOST_RACE], "Next": "NotOurs"}, _on_failure()],
    )


def _work() -> State:
    # A Parallel state with one branch is the language's try block: one Catch for every state in it.
    return {
        "Type": "Parallel",
        "Branches": [
            {
                "StartAt": "PayloadIsStored",
                "States": {
                    "PayloadIsStored": _payload_is_stored(),
                    "Process": {"Type": "Pass", "End": True},
                },
            }
        ],
        "Catch": [_on_failure()],
        "Next": "Complete",
    }


def _payload_is_stored() -> State:
    """Fails without a payload, and adopts it: what lacks this tag expires."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:putObjectTagging",
        "Arguments": {
            "Bucket": "${BucketName}",
            "Key": _S3_KEY,
            "Tagging": {"TagSet": [{"Key": ACCEPTANCE_TAG, "Value": ACCEPTED_TAG}]},
        },
        "Output": "{% $states.input %}",
        "TimeoutSeconds": 30,
        # A missing payload stays missing: it is written before an execution starts.
        "Retry": _retry(except_for=["S3.NoSuchKeyException"]),
        "Next": "Process",
    }


def _complete(claimant: str, patience: dict[str, int]) -> State:
    return _update(
        "SET #status = :completed, updated_at = :now REMOVE pending, pending_since",
        condition="claimed_by = :claimant AND #status <> :failed",
        values={":completed": "completed", ":failed": "failed", ":claimant": claimant},
        then="Done",
        catch=[_on_failure(COMPLETION_NOT_RECORDED)],
        patience=patience,
    )


def _mark_failed(claimant: str) -> State:
    """When this fails as well, the execution still ends with the first failure.

    The sweeper copies it into the row from there.
    """
    return _update(
        "SET #status = :failed, failure_error = :error, failure_cause = :cause, updated_at = :now"
        " REMOVE pending, pending_since",
        condition="#status = :accepted OR (claimed_by = :claimant AND #status <> :completed)",
        values={
            ":failed": "failed",
            ":accepted": "accepted",
            ":completed": "completed",
            ":claimant": claimant,
            ":error": "{% $failure.error %}",
            ":cause": "{% $failure.cause %}",
        },
        then="Failed",
        catch=[{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
    )


def _update(
    expression: str,
    *,
    condition: str,
    values: dict[str, str],
    then: str,
    catch: list[State],
    patience: dict[str, int] = _PATIENCE,
) -> State:
    """A conditional update of the request's row; all values are strings."""
    values = values | {":now": _NOW}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Arguments": {
            "TableName": "${TableName}",
            "Key": {"request_id": {"S": _REQUEST_ID}},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
        },
        "Output": "{% $states.input %}",
        "TimeoutSeconds": 30,
        "Retry": _retry(except_for=[_LOST_RACE], patience=patience),
        "Catch": catch,
        "Next": then,
    }


def _retry(*, except_for: list[str], patience: dict[str, int] = _PATIENCE) -> list[State]:
    """Throttling and server faults: more tries."""
    return [
        {"ErrorEquals": except_for, "MaxAttempts": 0},
        {
            "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
            "IntervalSeconds": 1,
            "BackoffRate": 2,
            "JitterStrategy": "FULL",
            **patience,
        },
    ]


def _on_failure(name: str | None = None) -> State:
    """name: of the failure, unless it goes by the name of the error that was caught."""
    error = "$states.errorOutput"
    return {
        "ErrorEquals": ["States.ALL"],
        "Assign": {
            "failure": {
                "error": name or f"{{% {error}.Error %}}",
                # A timeout has no cause, and a query without a result is an error of its own.
                "cause": f"{{% $substring({error}.Cause, 0, {CAUSE_LIMIT}) & '' %}}",
            }
        },
        "Next": "MarkFailed",
    }
