"""Whether policies of the organisation forbid what a deployment does, as far as one can see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from botocore.exceptions import ClientError

from accounts.preflight.account import Account
from accounts.preflight.finding import Finding, fine, unseen, wrong
from accounts.preflight.registry import check

# One for each service that a stack is made of.
_PIPELINE: Final = (
    *("codebuild:CreateProject", "codepipeline:CreatePipeline", "iam:CreateRole"),
    *("kms:CreateKey", "logs:CreateLogGroup", "s3:CreateBucket"),
)
_APPLICATION: Final = (
    *("apigateway:POST", "cloudwatch:PutMetricAlarm", "dynamodb:CreateTable", "events:PutRule"),
    *("iam:CreateRole", "lambda:CreateFunction", "logs:CreateLogGroup", "s3:CreateBucket"),
    *("sns:CreateTopic", "sqs:CreateQueue", "states:CreateStateMachine"),
)


@check("organisation", "iam:SimulatePrincipalPolicy")
def organisation_allows_it(account: Account) -> Iterator[Finding]:
    """By simulating the role that CloudFormation takes; its answers name the organisation's part.

    IAM user guide, "Testing IAM policies with the IAM policy simulator": conditions in service
    control policies are not evaluated, so this sees a plain refusal only.
    """
    role = f"cdk-hnb659fds-cfn-exec-role-{account.id}-{account.region}"
    actions = _PIPELINE if account.is_tools else _APPLICATION
    try:
        answer = account.clients("iam").simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{account.id}:role/{role}", ActionNames=list(actions)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchEntity", "NoSuchEntityException"):
            raise
        yield unseen(f"there is no {role} to ask about", f"scripts/bootstrap {account.name}")
        return
    denied = [
        each["EvalActionName"]
        for each in answer["EvaluationResults"]
        if each.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations") is False
    ]
    if denied:
        yield wrong(
            f"a policy of the organisation denies {', '.join(denied)}",
            "ask whoever owns the organisation's service control policies",
        )
    else:
        yield fine("no plain refusal by the organisation")
