"""`rehearsal env`: what to export in a shell so that any AWS client talks to the rehearsal."""

import shlex
from typing import Any

from embedded_aws.installation import ENVIRONMENTS, local_api_url
from rehearsal.accounts import Credentials
from rehearsal.errors import NotDeployedError
from rehearsal.server import Server


def export_lines(server: Server, credentials: Credentials, more: dict[str, str]) -> str:
    """`export NAME=value` lines, quoted for a POSIX shell.

    A profile set in the shell would win over these credentials in some clients: it is unset.
    """
    variables = server.environment(credentials) | more
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    return "\n".join(["unset AWS_PROFILE AWS_DEFAULT_PROFILE", *lines])


def api_variables(server: Server, cloudformation: Any, environment: str) -> dict[str, str]:
    """`TAP_REQUESTS_API_URL`, as it is reached here, of a deployed environment.

    Raises `NotDeployedError` while the pipeline has not deployed it yet.
    """
    outputs = _outputs(cloudformation, f"tap-{environment}")
    if "RequestsApiUrl" not in outputs:
        raise NotDeployedError(
            f"{environment} ({ENVIRONMENTS[environment]}) is not deployed yet: "
            "see `rehearsal status`"
        )
    return {"TAP_REQUESTS_API_URL": local_api_url(outputs["RequestsApiUrl"], server.endpoint)}


def _outputs(cloudformation: Any, stack_name: str) -> dict[str, str]:
    # All stacks are listed because asking for one by a name that is not there is an error whose
    # kind CloudFormation tells only by its text.
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"] == stack_name:
                return {row["OutputKey"]: row["OutputValue"] for row in stack.get("Outputs", [])}
    return {}
