"""How our own services join the emulator: behind its signatures and permissions, as equals.

A service that is registered here is reached like any AWS service: requests are authenticated and
authorized before its handler sees them. What is told about the running server (endpoint,
region, certificate authority, root folder, package-manager settings) is asked for here as well.

Corrections use `after_each` to add to what the emulator does for a CloudFormation resource type.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ministack import app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners

from embedded_aws import clients, outside
from embedded_aws.calls import Place
from embedded_aws.clients import Credentials
from embedded_aws.host import package_managers
from embedded_aws.installation import HOST
from embedded_aws.json_service import Answer, operation_of, parsed
from embedded_aws.loopback import Loopback

ResourceArn = Callable[[str, Mapping[str, Any], str], str | Sequence[str] | None]
"""`(action without namespace, request body, account id) -> ARN`; several when the request is about
several resources and needs permission on each, None or an empty sequence meaning `*`."""


class Service(Protocol):
    """What the emulator calls on a service; a module with these functions will do."""

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> Answer:
        """Answers one authorized request, on the event loop: it must not block."""

    def reset(self) -> None:
        """Forgets everything."""

    def get_state(self) -> dict[str, Any]:
        """What `state.save` keeps besides the stores of modules, picklable.

        Raises `StateError` while something runs that would not go on when it is taken back.
        """

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        """Takes it back."""


@dataclass(frozen=True)
class Running:
    """What this server process is."""

    root: Path
    port: int
    ca: Path
    region: str
    package_managers: Mapping[str, str]
    minute: float
    """How long services wait for a minute, in seconds; see `clock`."""

    @property
    def builds(self) -> Path:
        """Where builds have their folders, outside any repository; see `outside`."""
        return self.root / "builds"

    @property
    def endpoint(self) -> str:
        """Where every service answers, e.g. `https://127.0.0.1:4566`."""
        return f"https://{HOST}:{self.port}"


class _Resources(str):
    """The first resource of a request, for those who expect one, and `each` of them."""

    each: tuple[str, ...]

    def __new__(cls, arns: Sequence[str]) -> _Resources:
        made = super().__new__(cls, arns[0])
        made.each = tuple(dict.fromkeys(arns))
        return made


INITIATOR_HEADER = "x-embedded-aws-initiator"
"""By which one of our services says that it calls another for itself; AWS knows that by itself."""

_running: list[Running] = []
_loopbacks: list[Loopback] = []
_resource_arns: dict[str, ResourceArn] = {}
_services: dict[str, Service] = {}


def configure(*, root: Path, port: int, ca: Path, region: str, minute: float) -> None:
    """Called once, first. Takes the package-manager settings out of this process's environment.

    Builds may have them (`running().package_managers`); Lambda functions inherit this process's
    environment and must not.
    """
    settings = package_managers()
    for name in settings:
        os.environ.pop(name, None)
    outside.prepare(root.resolve() / "builds")
    _running.append(Running(root.resolve(), port, ca.resolve(), region, settings, minute))
    _extend_resource_arns()


def running() -> Running:
    """This server: its endpoint, certificate authority, root folder and machine settings."""
    return _running[-1]


def reach(application: Loopback) -> None:
    """Called once, when requests are answered: from now on our services may call others."""
    _loopbacks.append(application)


def region() -> str:
    """The region of the request that is being answered; outside of any, the server's own."""
    return str(get_region())


def place() -> tuple[str, str]:
    """Account and region of the request that is being answered."""
    return str(get_account_id()), region()


def register_service(
    name: str,
    module: Service,
    *,
    target_prefixes: Sequence[str],
    iam_namespace: str,
    host_patterns: Sequence[str] = (),
    resource_arn: ResourceArn | None = None,
) -> None:
    """Makes `module` answer the requests whose X-Amz-Target starts with one of the prefixes.

    `name` is also the credential scope that clients sign with; registering the name of an
    existing service replaces it. Without `resource_arn`, permissions are checked against `*`.
    """
    _services[name] = module
    app._loaded_modules[name] = module
    app.SERVICE_REGISTRY[name] = {"module": name}
    app.SERVICE_HANDLERS[name] = module.handle_request
    router.SERVICE_PATTERNS[name] = {
        "target_prefixes": list(target_prefixes),
        "host_patterns": list(host_patterns) or [rf"{name}\."],
        "credential_scope": name,
    }
    iam_actions.SERVICE_TO_IAM_NAMESPACE[name] = iam_namespace
    if resource_arn is not None:
        _resource_arns[name] = resource_arn


def services() -> Mapping[str, Service]:
    """Our own services by name, as they were registered."""
    return _services


def _extend_resource_arns() -> None:
    """Lets our services name the resources that a request is about; each is checked."""
    original, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    @functools.wraps(original)
    def extract(service: str, *request: Any) -> str:
        _, _, headers, body, _, _, account = request
        ours = _resource_arns.get(service)
        if ours is None:
            return str(original(service, *request))
        # What is no JSON object the service itself refuses.
        named = ours(operation_of(headers), parsed(body) or {}, account) or "*"
        return named if isinstance(named, str) else _Resources(named)

    @functools.wraps(enforce)
    def enforce_each(*request: Any, resource_arn: str = "*", **about: Any) -> Any:
        for arn in resource_arn.each if isinstance(resource_arn, _Resources) else (resource_arn,):
            if denied := enforce(*request, resource_arn=arn, **about):
                return denied
        return None

    iam_actions.extract_resource_arn = extract
    iam_evaluator.enforce = enforce_each


def register_resource_type(
    type_name: str,
    *,
    create: Callable[..., Any],
    update: Callable[..., Any],
    delete: Callable[..., Any],
) -> None:
    """Adds a CloudFormation resource type, or replaces it.

    The callables have the emulator's own signatures; properties arrive with their intrinsic
    functions resolved.
    """
    provisioners._RESOURCE_HANDLERS[type_name] = {
        "create": create,
        "update": update,
        "delete": delete,
    }


def after_each(type_name: str, then: Callable[[str, dict[str, Any]], None]) -> None:
    """Calls `then(physical id, properties)` whenever a resource of the type was made or updated.

    The type's other operations stay as they are.
    """
    handlers = provisioners._RESOURCE_HANDLERS[type_name]
    create, update = handlers["create"], handlers["update"]

    def create_and_then(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        name, attributes = create(logical_id, props, stack)
        then(name, props)
        return name, attributes

    def update_and_then(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, *more: str
    ) -> Any:
        name, attributes = update(physical_id, old, new, stack, *more)
        then(name, new)
        return name, attributes

    provisioners._RESOURCE_HANDLERS[type_name] = handlers | {
        "create": create_and_then,
        "update": update_and_then,
    }


def client(
    service: str,
    credentials: Mapping[str, str] | None = None,
    account: str | None = None,
    at: str | None = None,
) -> Any:
    """A botocore client to this very server. Call it, and what it returns, on worker threads only.

    `credentials` have the shape that STS returns (AccessKeyId, SecretAccessKey, SessionToken).
    `account` instead signs as that account's root: only for what plays AWS itself. `at`: a region,
    `region()` unless told.
    """
    if (credentials is None) == (account is None):
        raise ValueError("give either credentials or the account whose root plays AWS")
    signer = Credentials.from_sts(credentials) if credentials else Credentials.root(str(account))
    made = clients.client(
        service,
        running().endpoint,
        running().ca,
        signer,
        region=at or region(),
        # Nothing can be lost on the way to oneself, and adding it up takes both sides time.
        request_checksum_calculation="when_required",
    )
    _loopbacks[-1].attach(made)
    return made


def call(
    service: str, target: str, body: Mapping[str, Any], credentials: Mapping[str, str]
) -> dict[str, Any]:
    """Calls an operation of this very server that no SDK knows; see `Place.call`."""
    place = Place(running().endpoint, running().ca, region())
    return place.call(service, target, body, credentials)
