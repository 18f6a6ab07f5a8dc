"""What each service's actions may be applied to: only what carries this account's prefix.

Patterns are texts for `Fn::Sub`. `{p}` is the prefix: `tap-pipeline` or `tap-${Environment}`.
ARN formats: Service Authorization Reference, "Resource types defined by …".
"""

from __future__ import annotations

from typing import Final

_HERE: Final = "${AWS::Region}:${AWS::AccountId}"
ROLES: Final = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"
LINKED_ROLES: Final = f"{ROLES}aws-service-role/*"
"""The roles that services make for themselves; which service's, a condition says."""
ASSETS: Final = (
    "arn:${AWS::Partition}:s3:::cdk-${Qualifier}-assets-${AWS::AccountId}-${AWS::Region}/*"
)
"""The objects in the bootstrap's own bucket."""

_PATTERNS: Final[dict[str, tuple[str, ...]]] = {
    # Ids of APIs are not ours to choose, so a whole account's APIs and their tags.
    "apigateway": (
        "arn:${AWS::Partition}:apigateway:${AWS::Region}::/account",
        "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis",
        "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/*",
        "arn:${AWS::Partition}:apigateway:${AWS::Region}::/tags/*",
    ),
    "cloudformation": (f"arn:${{AWS::Partition}}:cloudformation:{_HERE}:stack/{{p}}-*",),
    "cloudwatch": (
        f"arn:${{AWS::Partition}}:cloudwatch:{_HERE}:alarm:{{p}}-*",
        "arn:${AWS::Partition}:cloudwatch::${AWS::AccountId}:dashboard/{p}*",
    ),
    "codebuild": (
        f"arn:${{AWS::Partition}}:codebuild:{_HERE}:project/{{p}}-*",
        f"arn:${{AWS::Partition}}:codebuild:{_HERE}:report-group/{{p}}-*",
    ),
    "codeconnections": (f"arn:${{AWS::Partition}}:codeconnections:{_HERE}:connection/*",),
    "codedeploy": (
        f"arn:${{AWS::Partition}}:codedeploy:{_HERE}:application:{{p}}-*",
        f"arn:${{AWS::Partition}}:codedeploy:{_HERE}:deploymentconfig:*",
        f"arn:${{AWS::Partition}}:codedeploy:{_HERE}:deploymentgroup:{{p}}-*",
    ),
    "codepipeline": (
        f"arn:${{AWS::Partition}}:codepipeline:{_HERE}:{{p}}",
        f"arn:${{AWS::Partition}}:codepipeline:{_HERE}:{{p}}/*",
    ),
    "codestar-connections": (f"arn:${{AWS::Partition}}:codestar-connections:{_HERE}:connection/*",),
    "dynamodb": (f"arn:${{AWS::Partition}}:dynamodb:{_HERE}:table/{{p}}-*",),
    "events": (f"arn:${{AWS::Partition}}:events:{_HERE}:rule/{{p}}-*",),
    "iam": (f"{ROLES}{{p}}-*",),
    # A key's id is chosen by KMS.
    "kms": (f"arn:${{AWS::Partition}}:kms:{_HERE}:key/*",),
    "lambda": (
        f"arn:${{AWS::Partition}}:lambda:{_HERE}:function:{{p}}-*",
        f"arn:${{AWS::Partition}}:lambda:{_HERE}:event-source-mapping:*",
    ),
    "logs": (
        f"arn:${{AWS::Partition}}:logs:{_HERE}:log-group:/aws/*/{{p}}-*",
        f"arn:${{AWS::Partition}}:logs:{_HERE}:log-group:{{p}}-*",
        # API Gateway's name for them, which ends in an API's id.
        f"arn:${{AWS::Partition}}:logs:{_HERE}:log-group:API-Gateway-Execution-Logs_*",
    ),
    "s3": ("arn:${AWS::Partition}:s3:::{p}-*",),
    "scheduler": (f"arn:${{AWS::Partition}}:scheduler:{_HERE}:schedule/*/{{p}}-*",),
    "sns": (f"arn:${{AWS::Partition}}:sns:{_HERE}:{{p}}-*",),
    "sqs": (f"arn:${{AWS::Partition}}:sqs:{_HERE}:{{p}}-*",),
    "ssm": (f"arn:${{AWS::Partition}}:ssm:{_HERE}:parameter/cdk-bootstrap/${{Qualifier}}/version",),
    "states": (f"arn:${{AWS::Partition}}:states:{_HERE}:stateMachine:{{p}}-*",),
    "xray": (f"arn:${{AWS::Partition}}:xray:{_HERE}:group/{{p}}*",),
}


class UnknownServiceError(Exception):
    """A template needs a service for which this file has no pattern."""


def stacks(prefix: str) -> str:
    """The system's own stack and those nested in it, whose names begin with its name."""
    return f"arn:${{AWS::Partition}}:cloudformation:{_HERE}:stack/{prefix}*"


def patterns(service: str, prefix: str) -> list[str]:
    """What a service's actions apply to in the account with this prefix.

    Raises UnknownServiceError, so that nobody widens the policy to `*` in silence.
    """
    if service not in _PATTERNS:
        raise UnknownServiceError(
            f"a template needs {service}, of which accounts/bootstrap/scope.py says nothing: add"
            " the ARNs of its resources that begin with our prefix"
        )
    return [pattern.replace("{p}", prefix) for pattern in _PATTERNS[service]]
