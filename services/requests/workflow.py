"""What happens to an accepted request: the state machine's definition, as plain data.

    Claim -> Work (payload is there -> Process) -> Complete
      |        `-- any failure --> MarkFailed -> Failed
      `-- somebody else's row --> NotOurs

`Process` is the place for your own work: replace it by one or more states inside `Work`, and
whatever fails there marks the row as failed. States after it read the execution's own input, so
its output may be anything.

The definition uses JSONata. It names the table and the bucket by the substitutions ${TableName}
and ${BucketName}. Sources: AWS Step Functions Developer Guide, "Transforming data with JSONata",
"Handling errors in Step Functions workflows", "DynamoDB API in Step Functions".
"""

from __future__ import annotations

from typing import Any

State = dict[str, Any]

_INPUT = "$states.context.Execution.Input"
_REQUEST_ID = f"{{% {_INPUT}.request_id %}}"
_S3_KEY = f"{{% {_INPUT}.s3_key %}}"
_EXECUTION = "{% $states.context.Execution.Id %}"
_NOW = "{% $now() %}"
_LOST_RACE = "DynamoDB.ConditionalCheckFailedException"
# Failure texts come from anywhere and are kept in a row of at most 400 KB.
_CAUSE_LIMIT = 1000


def definition() -> State:
    """The Amazon States Language document, before substitution."""
    return {
        "Comment": "Claims an accepted request, does the work, records how it ended",
        "QueryLanguage": "JSONata",
        "StartAt": "Claim",
        "States": {
            "Claim": _claim(),
            "Work": _work(),
            "Complete": _complete(),
            "Done": {"Type": "Succeed"},
            "MarkFailed": _mark_failed(),
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


def _claim() -> State:
    """accepted -> processing, for one execution only; the same one may repeat it.

    A retry after a lost reply meets its own claim, hence the second half of the condition.
    """
    return _update(
        "SET #status = :processing, claimed_by = :execution, updated_at = :now",
        condition="#status = :accepted OR (#status = :processing AND claimed_by = :execution)",
        values={":processing": "processing", ":accepted": "accepted"},
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
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
        "Arguments": {"Bucket": "${BucketName}", "Key": _S3_KEY},
        "Output": "{% $states.input %}",
        "TimeoutSeconds": 30,
        # A missing payload stays missing: it is written before an execution starts. A refusal has
        # no body that would tell it from throttling, hence few tries for the rest.
        "Retry": _retry(except_for=["S3.NoSuchKeyException", "S3.NotFoundException"], tries=2),
        "Next": "Process",
    }


def _complete() -> State:
    return _update(
        "SET #status = :completed, updated_at = :now",
        condition="claimed_by = :execution",
        values={":completed": "completed"},
        then="Done",
        catch=[_on_failure()],
    )


def _mark_failed() -> State:
    return _update(
        "SET #status = :failed, failure_error = :error, failure_cause = :cause, updated_at = :now",
        condition="#status = :accepted OR claimed_by = :execution",
        values={
            ":failed": "failed",
            ":accepted": "accepted",
            ":error": "{% $failure.error %}",
            ":cause": "{% $failure.cause %}",
        },
        then="Failed",
        catch=[],
    )


def _update(
    expression: str, *, condition: str, values: dict[str, str], then: str, catch: list[State]
) -> State:
    """A conditional update of the request's row; all values are strings."""
    values = values | {":execution": _EXECUTION, ":now": _NOW}
    state: State = {
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
        "Retry": _retry(except_for=[_LOST_RACE]),
        "Next": then,
    }
    return state | ({"Catch": catch} if catch else {})


def _retry(*, except_for: list[str], tries: int = 5) -> list[State]:
    """Throttling and server faults: more tries, the fifth after half a minute at most."""
    return [
        {"ErrorEquals": except_for, "MaxAttempts": 0},
        {
            "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
            "IntervalSeconds": 1,
            "BackoffRate": 2,
            "MaxAttempts": tries,
            "MaxDelaySeconds": 15,
            "JitterStrategy": "FULL",
        },
    ]


def _on_failure() -> State:
    error = "$states.errorOutput"
    return {
        "ErrorEquals": ["States.ALL"],
        "Assign": {
            "failure": {
                "error": f"{{% {error}.Error %}}",
                "cause": f"{{% $substring({error}.Cause, 0, {_CAUSE_LIMIT}) %}}",
            }
        },
        "Next": "MarkFailed",
    }
