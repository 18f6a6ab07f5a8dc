"""What is granted though no code of ours calls it: every single grant, and the reason."""

from __future__ import annotations

from settings import Environment
from tests.least_privilege.needs import Grant

_LAMBDA_LOGS = (
    "Lambda itself writes the function's log lines with this role, into its own log group only"
)
_LAMBDA_TRACES = (
    "Lambda itself sends trace segments with this role; X-Ray has no resources to name "
    '("Actions, resources, and condition keys for AWS X-Ray")'
)
_WORKFLOW_LOGS = (
    "Step Functions sets up its log delivery with this role; these actions take no resources "
    '("Logging in CloudWatch Logs", Step Functions Developer Guide)'
)
_WORKFLOW_TRACES = (
    "Step Functions sends trace segments with this role "
    '("Trace Step Functions request data in X-Ray")'
)
_MISSING_OBJECTS = (
    "no call of its own: with it S3 answers 404 for a missing object, without it 403, which "
    'cannot be told from a missing permission ("GetObject", S3 API Reference)'
)
_DEAD_LETTERS = (
    "Lambda itself sends what it gave up with this role, to the function's own queue only "
    '("Adding a dead-letter queue", AWS Lambda Developer Guide)'
)
# What the roles' functions are called.
FUNCTIONS = {
    "processor": "processor",
    "sweeper": "sweeper",
    "files-api": "files-api",
    "images": "image-processor",
    "tables": "data-transformer",
}
_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
_SEND_TRACES = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_SAMPLING = ("xray:GetSamplingRules", "xray:GetSamplingTargets")

# Roles that are AWS's or the CDK's own business, by the beginning of their logical ids.
ROLES_NOT_OURS = {
    "Rollout": "CodeDeploy's role and the hooks': no request is served with them, and "
    "tests/template/test_application_rollout.py says what each may do",
    "ApiGatewayLogging": "API Gateway's account-wide role for writing logs, with the AWS-managed "
    "policy that its documentation demands",
    "CustomS3AutoDeleteObjects": "the CDK's function that empties disposable buckets; it gets its "
    "rights from the bucket's policy, and exists in disposable environments only",
}


def exceptions(environment: Environment) -> dict[Grant, str]:
    """Grants of an environment, each with the reason why no recorded call needs it."""
    found: dict[Grant, str] = {}
    name, account = f"tap-{environment.name}", environment.account
    for role, function in FUNCTIONS.items():
        group = f"arn:aws:logs:us-west-2:{account}:log-group:/aws/lambda/{name}-{function}:*"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            found[Grant(role, action, group)] = _LAMBDA_LOGS
        found |= {Grant(role, action, "*"): _LAMBDA_TRACES for action in _SEND_TRACES}
    bucket = f"arn:aws:s3:::{name}-bucket-{account}-us-west-2"
    for role in ("sweeper", "workflow"):
        found[Grant(role, "s3:ListBucket", bucket)] = _MISSING_OBJECTS
    uploads = f"arn:aws:s3:::{name}-uploads-{account}-us-west-2"
    for role in ("images", "tables"):
        found[Grant(role, "s3:ListBucket", uploads)] = _MISSING_OBJECTS
        queue = f"arn:aws:sqs:us-west-2:{account}:{name}-{FUNCTIONS[role]}-dead"
        found[Grant(role, "sqs:SendMessage", queue)] = _DEAD_LETTERS
    found |= {Grant("workflow", action, "*"): _WORKFLOW_LOGS for action in _LOG_DELIVERY}
    found |= {
        Grant("workflow", action, "*"): _WORKFLOW_TRACES for action in _SEND_TRACES + _SAMPLING
    }
    return found
