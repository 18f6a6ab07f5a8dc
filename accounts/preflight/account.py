"""The account that a preflight looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from accounts.bootstrap.account import TOOLS
from assembly.templates import Assembly, NoAssemblyError, Template
from settings import Settings

Clients = Callable[[str], Any]


@dataclass(frozen=True)
class Account:
    """name: "tools" or an environment's. clients: boto3's, by service, with the shell's
    credentials. shell_region: what the shell's clients would use, None for nothing.
    endpoint: what stands for AWS, None for AWS itself. checkout: whose settings and cdk.out count.
    """

    name: str
    settings: Settings
    clients: Clients
    checkout: Path
    shell_region: str | None = None
    endpoint: str | None = None

    @property
    def id(self) -> str:
        """12 digits."""
        return self.settings.accounts[self.name]

    @property
    def region(self) -> str:
        """Where everything is deployed."""
        return self.settings.region

    @property
    def is_tools(self) -> bool:
        """Is it the pipeline's?"""
        return self.name == TOOLS

    @property
    def stack(self) -> str:
        """The stack that is deployed into it."""
        return "tap-pipeline" if self.is_tools else f"tap-{self.name}"

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """What cdk.out deploys into it; empty where nothing was synthesized."""
        try:
            return Assembly.read(self.checkout / "cdk.out").in_account(self.id)
        except NoAssemblyError:
            return ()
