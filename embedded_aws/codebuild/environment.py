"""The environment of a build: what CodeBuild documents, what leads to the emulator, nothing more.

User guide: build-env-ref-env-vars (the CODEBUILD_ variables) and build-spec-ref, env/variables (who
wins: the StartBuild request, then the project, then the buildspec).
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import botocore
from botocore.exceptions import ClientError

from embedded_aws.codebuild.buildspec import Environment
from embedded_aws.codebuild.folders import Folders
from embedded_aws.codebuild.plan import Plan
from embedded_aws.codebuild.record import BuildError
from embedded_aws.codebuild.sandbox import Sandbox
from embedded_aws.installation import local_api_url

if TYPE_CHECKING:
    from embedded_aws.registry import Running

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CACHES = {
    "npm_config_cache": "npm",
    "UV_CACHE_DIR": "uv",
    "PIP_CACHE_DIR": "pip",
    "JSII_RUNTIME_PACKAGE_CACHE_ROOT": "jsii",
}


def machine(running: Running, sandbox: Sandbox, cache: Path) -> dict[str, str]:
    """Where things are on this machine: programs, caches, registries, the emulator."""
    seen = sandbox.seen
    path = [seen.prefix / "bin", seen.python / "bin", seen.runtimes, SYSTEM_PATH, seen.missing]
    _certificates(running, sandbox.folders)
    everyone = str(seen.certificates / "all.pem")
    return dict(running.package_managers) | {
        "PATH": ":".join(map(str, path)),
        "HOME": str(seen.home),
        "TMPDIR": str(seen.temporary),
        "LANG": "C.UTF-8",
        # A source without .git is no repository, whatever lies above it on this machine.
        "GIT_CEILING_DIRECTORIES": str(seen.top),
        "npm_config_prefix": str(seen.prefix),
        "npm_config_prefer_offline": "true",
        # A build here is in nobody's statistics, and each of these waits for a host out there.
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        **{name: str(cache / "tools" / folder) for name, folder in _CACHES.items()},
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_ENDPOINT_URL_S3": running.endpoint,
        "AWS_S3_FORCE_PATH_STYLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CA_BUNDLE": str(seen.certificates / "emulator.pem"),
        "NODE_EXTRA_CA_CERTS": everyone,
        "REQUESTS_CA_BUNDLE": everyone,
        # For curl, and for what asks OpenSSL: validations call what was deployed with either.
        "CURL_CA_BUNDLE": everyone,
        "SSL_CERT_FILE": everyone,
        **sandbox.variables,
    }


def _certificates(running: Running, folders: Folders) -> None:
    """The emulator's authority, and that with the machine's in one file.

    npm and pip read the same variables as clients of the emulator, and must reach registries too.
    """
    candidates = [running.package_managers.get("SSL_CERT_FILE")]
    candidates += [ssl.get_default_verify_paths().cafile]
    candidates += [str(Path(botocore.__file__).with_name("cacert.pem"))]
    machine_ca = next(Path(item) for item in candidates if item and Path(item).is_file())
    emulator = running.ca.read_bytes()
    (folders.certificates / "emulator.pem").write_bytes(emulator)
    (folders.certificates / "all.pem").write_bytes(emulator + b"\n" + machine_ca.read_bytes())


def url_passwords(settings: Iterable[str]) -> Iterator[str]:
    """The credentials inside the URLs of settings, as they are written there and decoded.

    A setting may hold several URLs. A user without a password is a token.
    """
    for user_info in re.findall(r"//([^/\s]+)@", " ".join(settings)):
        user, _, password = user_info.partition(":")
        yield from {password or user, unquote(password or user)}


def documented(plan: Plan, record: Mapping[str, Any], seen: Folders) -> dict[str, str]:
    """The variables that CodeBuild itself sets."""
    location = plan.source.get("location", "")
    variables = {
        "AWS_REGION": plan.region,
        "AWS_DEFAULT_REGION": plan.region,
        "CI": "true",
        "CODEBUILD_BUILD_ARN": record["arn"],
        "CODEBUILD_BUILD_ID": record["id"],
        "CODEBUILD_BUILD_IMAGE": plan.environment.get("image", ""),
        "CODEBUILD_BUILD_NUMBER": str(record["buildNumber"]),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_CI": "true",
        "CODEBUILD_INITIATOR": record["initiator"],
        "CODEBUILD_KMS_KEY_ID": plan.encryption_key,
        "CODEBUILD_PROJECT_ARN": plan.project_arn,
        "CODEBUILD_LOG_PATH": record["logs"]["streamName"],
        "CODEBUILD_SOURCE_REPO_URL": "" if plan.from_pipeline else location and f"s3://{location}",
        "CODEBUILD_SOURCE_VERSION": plan.source_version,
        "CODEBUILD_SRC_DIR": str(seen.source),
        "CODEBUILD_START_TIME": str(int(record["startTime"] * 1000)),
    }
    if plan.from_pipeline:
        # As observed: the guide does not say what it is for CodePipeline.
        variables["CODEBUILD_SOURCE_VERSION"] = f"arn:aws:s3:::{location}"
    if plan.from_pipeline and plan.source_version:
        variables["CODEBUILD_RESOLVED_SOURCE_VERSION"] = plan.source_version
    for source in plan.secondary_sources:
        identifier = source["sourceIdentifier"]
        variables[f"CODEBUILD_SRC_DIR_{identifier}"] = str(seen.secondary(identifier))
    return variables


def custom(
    plan: Plan,
    env: Environment,
    endpoint: str,
    client: Callable[[str], Any],
    secret: Callable[[str], None],
) -> dict[str, str]:
    """The variables of buildspec, project and request, secrets resolved with the service role.

    URLs of deployed APIs lead to where the emulator serves them; see `local_api_url`.
    """
    declared = [("PLAINTEXT", env.variables), ("PARAMETER_STORE", env.parameter_store)]
    declared += [("SECRETS_MANAGER", env.secrets_manager)]
    rows = {name: (kind, value) for kind, mapping in declared for name, value in mapping.items()}
    rows |= {row["name"]: (row.get("type", "PLAINTEXT"), row["value"]) for row in plan.variables}
    values = {}
    for name, (kind, value) in rows.items():
        if name.startswith("CODEBUILD_"):
            raise BuildError("CLIENT_ERROR", f"variable {name}: the prefix CODEBUILD_ is reserved")
        values[name] = local_api_url(_resolve(name, kind, value, client, secret), endpoint)
    return values


def _resolve(
    name: str,
    kind: str,
    value: str,
    client: Callable[[str], Any],
    secret: Callable[[str], None],
) -> str:
    if kind == "PLAINTEXT":
        return value
    readers = {"PARAMETER_STORE": _parameter, "SECRETS_MANAGER": _secret}
    if kind not in readers:
        raise BuildError("CLIENT_ERROR", f"variable {name}: unknown type {kind}")
    try:
        text = readers[kind](client, value)
    except (ClientError, KeyError, ValueError) as error:
        message = f"variable {name}: {kind} {value} cannot be read: {error}"
        raise BuildError("CLIENT_ERROR", message) from error
    secret(text)
    return text


def _parameter(client: Callable[[str], Any], name: str) -> str:
    answer = client("ssm").get_parameters(Names=[name], WithDecryption=True)
    if not answer["Parameters"]:
        raise KeyError("no such parameter")
    return str(answer["Parameters"][0]["Value"])


def _secret(client: Callable[[str], Any], reference: str) -> str:
    """`secret-id:json-key:version-stage:version-id`; an ARN has seven parts of its own."""
    arn_parts = 7 if reference.startswith("arn:") else 1
    parts = reference.split(":")
    identifier, rest = ":".join(parts[:arn_parts]), [*parts[arn_parts:], "", "", ""]
    version = {"VersionStage": rest[1], "VersionId": rest[2]}
    text = client("secretsmanager").get_secret_value(
        SecretId=identifier, **{k: v for k, v in version.items() if v}
    )["SecretString"]
    return str(json.loads(text)[rest[0]] if rest[0] else text)
