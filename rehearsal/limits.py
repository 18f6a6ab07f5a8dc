"""What the embedded AWS does not do, whatever is delivered to it: no table passes over it.

By the groups of `behaviours.GROUPS`, which holds all of them; the table of another app has those
that concern the resource types it has.
"""

from __future__ import annotations

from rehearsal.behaviour import Behaviour
from rehearsal.behaviour import unshown as _unshown

_LAMBDA = ("AWS::Lambda::*",)
_API = ("AWS::ApiGateway*",)
_BUCKETS = ("AWS::S3::*",)
_TABLES = ("AWS::DynamoDB::*",)
_MACHINES = ("AWS::StepFunctions::*",)
_ALARMS = ("AWS::CloudWatch::*",)

_IGNORED = tuple(
    _unshown(text, "the emulator ignores it", types=types)
    for text, types in (
        ("memory limits of functions", _LAMBDA),
        ("encryption of buckets at rest (BucketEncryption)", _BUCKETS),
        ("time to live of table rows (TTL)", _TABLES),
        ("lifecycle rules of buckets", _BUCKETS),
        ("sizes of functions' local disks (EphemeralStorage)", _LAMBDA),
        ("point-in-time recovery of tables (PITR)", _TABLES),
        ("access logs of API stages", _API),
        ("logs and traces of state machines", _MACHINES),
        ("X-Ray traces", (*_LAMBDA, *_API, *_MACHINES)),
        (
            "API Gateway's IntegrationLatency, metrics by method, of HTTP APIs, and of calls by "
            "a domain name of one's own",
            _API,
        ),
        ("Step Functions' metrics of throttling, timeouts, activities and services", _MACHINES),
        (
            "SQS metrics of what was sent, received and deleted (NumberOfMessages*)",
            ("AWS::SQS::*",),
        ),
        (
            "metrics of DynamoDB, S3, SNS, EventBridge and all other services, and alarms on them",
            _ALARMS,
        ),
        ("metric filters of log groups, and alarms on them", ("AWS::Logs::MetricFilter",)),
        ("percentiles of too few samples (EvaluateLowSampleCountPercentile)", _ALARMS),
        ("actions of alarms that are no topics", _ALARMS),
        ("encryption of the alarms' topic (KmsMasterKeyId)", _ALARMS),
        ("a function's code asset that is missing from S3", _LAMBDA),
    )
)

LIMITS: dict[str, tuple[Behaviour, ...]] = {
    "of the pipeline": (
        _unshown(
            "the runtimes and packages of CodeBuild's image",
            "builds run on this machine, with the interpreters that the checkout installed",
        ),
        _unshown(
            "confirmed subscriptions, and mail that arrives",
            "nobody has a mailbox here: messages are kept as they were published",
            types=("AWS::SNS::*",),
        ),
        _unshown("the provider's webhook and its authorization", "a git hook plays the webhook"),
        _unshown(
            "the API's public host name and its certificate",
            "amazonaws.com addresses are mapped to the emulator",
            types=_API,
        ),
    ),
    "of signatures and permissions": (
        _unshown(
            "permissions of a state machine's other integrations",
            "not checked by the emulator",
            types=_MACHINES,
        ),
        _unshown(
            "permissions of the CloudFormation execution role",
            "the emulator ignores a stack's RoleARN and may do everything",
        ),
        _unshown("permissions on the artifacts' KMS key", "the emulator's S3 never asks KMS"),
        _unshown("iam:PassRole", "not checked by the emulator"),
        _unshown(
            "the condition key dynamodb:LeadingKeys", "not checked by the emulator", types=_TABLES
        ),
        _unshown("an account's root key", "the emulator takes any secret for a root"),
        _unshown(
            "a tampered body, or a wrong service in the signature's scope, is refused",
            "the emulator takes the signer's own x-amz-content-sha256, and any service",
        ),
    ),
    "of the application": (
        _unshown("EXPRESS workflows", "the emulator's are not faithful", types=_MACHINES),
        _unshown(
            "a body that is not UTF-8",
            "API Gateway makes text of it before the function sees it; no check sends such bytes",
            types=_API,
        ),
    ),
    "of metrics and alarms": (
        _unshown(
            "how many further periods an alarm looks at when values are missing",
            "AWS does not promise a number; two are taken, as in the examples of its guide",
            types=_ALARMS,
        ),
        _unshown(
            "how late an alarm is",
            "AWS evaluates some time after a minute ended; here what is sure already goes off at "
            "once",
            types=_ALARMS,
        ),
    ),
    "of assets": (
        _unshown(
            "that functions import nothing but what their asset ships",
            "the emulator's interpreter also holds ministack, yaml and cryptography",
            types=_LAMBDA,
        ),
        _unshown(
            "the AWS SDK of Lambda's Node runtimes, but for the client of S3",
            "clients of services that speak JSON have stand-ins, all others fail when called",
            types=_LAMBDA,
        ),
        _unshown(
            "that a function cannot change its own code",
            "at AWS the tree is mounted read-only; here the processes of a function share one that "
            "they may write to",
            types=_LAMBDA,
        ),
    ),
    "that the emulator ignores": _IGNORED,
}
