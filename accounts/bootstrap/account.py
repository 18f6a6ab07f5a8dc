"""What the pipeline deploys into each account, and which bootstrap template serves the account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assembly.templates import Assembly, NoAssemblyError, Resource, Template
from settings import Settings

# The bootstrap templates by name: the pipeline's account has its own, environments share one.
TOOLS: Final = "tools"
ENVIRONMENT: Final = "environment"


@dataclass(frozen=True)
class Account:
    """Everything that is deployed into one account.

    name: "tools" or an environment's. id: 12 digits. templates: of its stacks, with nested ones.
    """

    name: str
    id: str
    templates: tuple[Template, ...]

    def resources(self, *types: str) -> Iterator[Resource]:
        """All resources, or those of these types."""
        for template in self.templates:
            yield from template.resources(*types)

    def parameters(self) -> Iterator[dict[str, Any]]:
        """Every parameter of every template."""
        for template in self.templates:
            yield from template.body.get("Parameters", {}).values()


@dataclass(frozen=True)
class Bootstrap:
    """One bootstrap template. accounts: those it is applied to, with what is deployed there.

    prefix: what names of ours begin with, as text for `Fn::Sub`.
    """

    name: str
    prefix: str
    accounts: tuple[Account, ...]


def read(directory: Path, settings: Settings) -> dict[str, Bootstrap]:
    """The bootstraps by name, from the cloud assembly in `directory`.

    Raises NoAssemblyError where it deploys nothing to an account of the settings.
    """
    assembly = Assembly.read(directory)
    accounts = {
        name: Account(name, account, _templates(assembly, account))
        for name, account in settings.accounts.items()
    }
    tools = accounts.pop(TOOLS)
    return {
        TOOLS: Bootstrap(TOOLS, "tap-pipeline", (tools,)),
        ENVIRONMENT: Bootstrap(ENVIRONMENT, "tap-${Environment}", tuple(accounts.values())),
    }


def bootstrap_of(name: str) -> str:
    """The bootstrap that the account called `name` gets."""
    return TOOLS if name == TOOLS else ENVIRONMENT


def _templates(assembly: Assembly, account: str) -> tuple[Template, ...]:
    templates = assembly.in_account(account)
    if not templates:
        raise NoAssemblyError(
            f"{assembly.directory} has no stack for the account {account}: run scripts/synth"
        )
    return templates
