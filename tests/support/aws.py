"""Small things in the emulated accounts that the tests of corrections are about."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPSConnection
from ssl import create_default_context
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from embedded_aws.clients import Credentials
from embedded_aws.installation import HOST
from embedded_aws.server import Server

REGION = "us-west-2"


def trust(service: str) -> str:
    """A trust policy for an AWS service."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action: str, resource: str) -> str:
    """A policy with one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def user(session: Any, name: str, policy: str | None = None) -> Credentials:
    """An IAM user with one inline policy, or with none at all."""
    iam = session.client("iam")
    iam.create_user(UserName=name)
    if policy is not None:
        iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def assumable_role(session: Any, account: str, name: str, policy: str) -> None:
    """A role that every identity of its account may assume."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = session.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=policy)


def assume(session: Any, role_arn: str) -> Credentials:
    """Credentials of a session of the role."""
    answer = session.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")
    return Credentials.from_sts(answer["Credentials"])


def function(session: Any, name: str, code: str, policy: str | None = None) -> str:
    """A Python function with a role of its own; returns its ARN."""
    iam = session.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda"))["Role"]
    if policy is not None:
        iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=policy)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("code.py", code)
    made = session.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role["Arn"],
        Handler="code.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=20,
    )
    return str(made["FunctionArn"])


def invoke(session: Any, name: str, payload: object) -> Any:
    """Calls a function and returns what it returned."""
    answer = session.client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload))
    return json.loads(answer["Payload"].read())


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, also one that says no."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True)
class RestApi:
    """A REST API with POST / (IAM, proxied to a function) and a CORS preflight."""

    id: str
    account: str

    def path(self) -> str:
        """Where the emulator serves it."""
        return f"/_aws/execute-api/{self.id}/v1/"


def rest_api(session: Any, account: str, function_arn: str, *, permitted: bool = True) -> RestApi:
    """Makes and deploys it, as stage `v1`; `permitted` lets it invoke the function."""
    api = session.client("apigateway")
    made = api.create_rest_api(name="tested")
    at = {"restApiId": made["id"], "resourceId": made["rootResourceId"]}
    api.put_method(**at, httpMethod="POST", authorizationType="AWS_IAM")
    api.put_integration(
        **at,
        httpMethod="POST",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function_arn}/invocations",
    )
    _preflight(api, at)
    api.create_deployment(restApiId=made["id"], stageName="v1")
    if permitted:
        session.client("lambda").add_permission(
            FunctionName=function_arn,
            StatementId=made["id"],
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{account}:{made['id']}/*/POST/",
        )
    return RestApi(made["id"], account)


def _preflight(api: Any, at: dict[str, str]) -> None:
    """The OPTIONS method that CDK's `default_cors_preflight_options` makes."""
    origin = "method.response.header.Access-Control-Allow-Origin"
    api.put_method(**at, httpMethod="OPTIONS", authorizationType="NONE")
    api.put_method_response(
        **at, httpMethod="OPTIONS", statusCode="204", responseParameters={origin: True}
    )
    api.put_integration(
        **at,
        httpMethod="OPTIONS",
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": 204}'},
    )
    api.put_integration_response(
        **at,
        httpMethod="OPTIONS",
        statusCode="204",
        responseParameters={origin: "'https://example.com'"},
    )


def call(
    server: Server,
    path: str,
    *,
    method: str = "POST",
    credentials: Credentials | None = None,
    body: bytes = b"{}",
) -> Answer:
    """One HTTP call, signed for execute-api when credentials are given."""
    request = AWSRequest(method=method, url=server.endpoint + path, data=body)
    request.headers["Content-Type"] = "application/json"
    if credentials is not None:
        keys = BotoCredentials(
            credentials.access_key_id, credentials.secret_access_key, credentials.session_token
        )
        SigV4Auth(keys, "execute-api", REGION).add_auth(request)
    context = create_default_context(cafile=str(server.ca_bundle))
    connection = HTTPSConnection(HOST, server.port, context=context, timeout=30)
    with closing(connection):
        connection.request(method, path, body, dict(request.headers))
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.headers), answer.read())
