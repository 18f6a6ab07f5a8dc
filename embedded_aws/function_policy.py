"""Whether a function lets an AWS service invoke it, for the corrections that ask.

Source: "Working with resource-based IAM policies in Lambda", AWS Lambda Developer Guide.
"""

from __future__ import annotations

from ministack.core import iam_evaluator
from ministack.services import lambda_svc


def lets_invoke(function_arn: str, service: str, source_arn: str) -> bool:
    """Does the function's policy let `service`, such as "events.amazonaws.com", invoke it?

    source_arn: what the service invokes it for. True where there is no such function: whoever
    invokes it says that.
    """
    policy = lambda_svc.function_policy_for_arn(function_arn)
    if policy is None:
        return True
    region, account = source_arn.split(":")[3:5]
    context = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=account,
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=region,
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": account},
    )
    verdict = iam_evaluator.evaluate_resource_policy(policy[0], context, service=service)
    return bool(verdict.decision == "Allow")
