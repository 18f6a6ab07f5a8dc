"""Where events go that a function gave up on."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings

# As long as SQS keeps a message ("Amazon SQS message quotas"): two weeks to find out why, correct
# it and send the events again.
KEPT = cdk.Duration.days(14)


def dead_letter_queue(
    scope: Construct, construct_id: str, *, environment: EnvironmentSettings, name: str
) -> sqs.Queue:
    """A queue of its own for one function: encrypted, TLS only, messages kept for 14 days.

    name: after the environment, e.g. "images-dead". Hand it to `PythonFunction(dead_letters=...)`,
    and to the monitor's `dead_letters`, so that somebody hears of what lies there.
    """
    return sqs.Queue(
        scope,
        construct_id,
        queue_name=environment.named(name),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=KEPT,
        removal_policy=environment.removal_policy,
    )
