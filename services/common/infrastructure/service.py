"""What a service is to the application that contains it.

A service is a folder `services/<name>/` with these modules:

- `service.py` has `SERVICE`, a `Service`: how its options are read and its constructs are made.
  Its functions are released behind their aliases (`rollout`), which is what invokes them.
- `openapi.py` has `document()`, its API's description, made from the code that answers.

A service is part of the application once its name stands in `stages/services.py`. All else follows
from here: its section of the settings, its stack outputs, what the smoke tests' role may call, the
variable that tells these tests the API's address, its alarms, and its file in `docs/openapi/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.monitoring import Monitor
from settings import Reader


@dataclass(frozen=True)
class Route:
    """What a role may call of an API. path: begins with "/"; "*" stands for variable parts."""

    method: str
    path: str


@dataclass(frozen=True)
class DeployedService:
    """A service's constructs in one environment, as far as the stack around them has to know.

    They may be in the stack itself or in a nested one: whatever crosses between the two does so by
    reference.

    smoke_routes: what the smoke tests call, and their role may. watch: adds alarms and the rows of
    the dashboard. outputs: further outputs of the stack beside the API's address, by name.
    """

    api: apigateway.RestApi
    smoke_routes: tuple[Route, ...]
    watch: Callable[[Monitor], None]
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Service[Options]:
    """name: lower-case letters; of its folder, its section of the settings and its description.

    url_output: the stack's output with the API's address. read_options: from the service's section;
    the reader collects what is wrong there. deploy: makes the constructs in the scope it is given.
    """

    name: str
    url_output: str
    read_options: Callable[[Reader], Options]
    deploy: Callable[[Construct, EnvironmentSettings, Options], DeployedService]

    @property
    def url_variable(self) -> str:
        """The variable by which smoke tests learn the API's address (integ/settings.py)."""
        return f"TAP_{self.name.upper()}_API_URL"
