"""Whether the account has room for what is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from accounts.preflight.account import Account
from accounts.preflight.finding import Finding, fine, note, wrong
from accounts.preflight.registry import check

# Lambda keeps so many executions unreserved ("Configuring reserved concurrency for a function").
_UNRESERVED: Final = 100


@check("concurrency", "lambda:GetAccountSettings")
def concurrency_suffices(account: Account) -> Iterator[Finding]:
    """Of all functions with reserved concurrency together."""
    reserved = sum(
        int(function.properties.get("ReservedConcurrentExecutions", 0))
        for template in account.templates
        for function in template.resources("AWS::Lambda::Function")
    )
    limit = account.clients("lambda").get_account_settings()["AccountLimit"]
    there, needed = int(limit["ConcurrentExecutions"]), reserved + _UNRESERVED
    if reserved and there < needed:
        yield wrong(
            f"{there} concurrent executions, and {needed} are needed ({reserved} reserved)",
            "raise the quota Concurrent executions, or reserve less (docs/take-it-to-aws.md, 2)",
        )
    else:
        yield fine(f"{there} concurrent executions, {reserved} of them reserved")


@check("API logs", "apigateway:GET")
def log_role_is_nobody_elses(account: Account) -> Iterator[Finding]:
    """API Gateway has one role for logs in an account and region; the application sets its own."""
    if account.is_tools:
        return
    role = account.clients("apigateway").get_account().get("cloudwatchRoleArn")
    if role and f":role/{account.stack}-" not in role:
        yield note(
            f"other APIs log as {role}, and will log as the application's role",
            "ask their owners; write it down: docs/removal.md sets it back",
        )
    else:
        yield fine(f"the role is {role or 'not set'}")
