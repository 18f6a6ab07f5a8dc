"""Runs a CDK app as its people do: the command of its `cdk.json`, with its own tools.

It runs in a copy of the app's folder, so that what it writes stays out of there.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from embedded_aws.host import package_managers
from rehearsal import CHECKOUT, tools
from rehearsal.errors import CommandError, UnusableAppError

_NODE = frozenset({"node", "npm", "npx", "pnpm", "ts-node", "tsx", "yarn"})
_NODE_INSTALLS = {
    "package-lock.json": "npm ci",
    "npm-shrinkwrap.json": "npm ci",
    "pnpm-lock.yaml": "pnpm install --frozen-lockfile",
    "yarn.lock": "yarn install --frozen-lockfile",
}
_VENVS = (".venv", "venv", ".env")
_MODULES = "node_modules"


@dataclass(frozen=True)
class App:
    """folder: where its cdk.json is. top: the folder above which nothing of it is looked for.
    command: what the CDK runs."""

    folder: Path
    top: Path
    command: str

    @classmethod
    def of(cls, folder: Path, top: Path) -> App:
        """Raises `UnusableAppError` where there is no app."""
        file = folder / "cdk.json"
        try:
            read = json.loads(file.read_text(encoding="utf-8"))
            command = read["app"]
        except FileNotFoundError as error:
            raise UnusableAppError(
                f"{folder} holds no CDK app: there is no cdk.json in it"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnusableAppError(
                f'{file} is no JSON with the command "app" that the CDK runs: {error}'
            ) from error
        if not isinstance(command, str) or not command.strip():
            raise UnusableAppError(f'{file}: "app" is {command!r}, not a command')
        return cls(folder, top, command)

    def synthesize(self, copy: Path, assembly: Path, root: Path, default: dict[str, str]) -> None:
        """Writes the assembly of what is in `copy`, of the whole repository.

        root: of the rehearsal. default: what the CDK tells apps of the account and region it is
        called with. Raises `CommandError`.
        """
        command = [self._cli(), "synth", "--quiet", "--output", str(assembly)]
        variables = package_managers() | self._variables() | default
        try:
            tools.run(command, root, variables, copy / self.folder.relative_to(self.top))
        except CommandError as error:
            raise CommandError(
                f"{error}\nIt ran in a copy of {self.top}. If something must be built before, "
                "build it there: what git ignores is copied, too."
            ) from error

    def check_installed(self) -> None:
        """Raises `UnusableAppError`, which says what to run, where its dependencies are missing."""
        program = Path(self._words()[0]).name
        if program in _NODE and self._above(_MODULES) is None:
            raise self._missing(self._node_install())
        if program.startswith("python") and not self._finds_the_cdk():
            what = "pip install -r requirements.txt"
            raise self._missing(f"python3 -m venv .venv && .venv/bin/{what}")

    def _missing(self, command: str) -> UnusableAppError:
        return UnusableAppError(
            f"what the app needs is not installed ({self.command!r} could not run): "
            f"run `{command}` in {self.folder}"
        )

    def _node_install(self) -> str:
        locks = (name for name in _NODE_INSTALLS if self._above(name))
        return _NODE_INSTALLS.get(next(locks, ""), "npm install")

    def _finds_the_cdk(self) -> bool:
        environment = os.environ | {"PATH": self._variables()["PATH"]}
        check = "import importlib.util as u, sys; sys.exit(not u.find_spec('aws_cdk'))"
        program = self._words()[0]
        try:
            done = subprocess.run(
                [program, "-B", "-c", check], cwd=self.folder, env=environment, check=False
            )
        except OSError:
            return False
        return done.returncode == 0

    def _words(self) -> list[str]:
        """Of the command, without variables in front."""
        try:
            words = shlex.split(self.command)
        except ValueError:
            words = self.command.split()
        return [word for word in words if "=" not in word] or [self.command]

    def _cli(self) -> str:
        """The app's own CDK CLI, or ours where it brings none."""
        modules = self._above(_MODULES)
        own = modules / ".bin" / "cdk" if modules else None
        return str(own if own and own.exists() else CHECKOUT / _MODULES / ".bin" / "cdk")

    def _variables(self) -> dict[str, str]:
        """Its programs first, and nothing written beside sources."""
        path = [tools.environment_path()]
        found = {"PYTHONDONTWRITEBYTECODE": "1", "CDK_VALIDATION": "false"}
        venv = next((v for name in _VENVS if (v := self._above(name)) and _is_venv(v)), None)
        activated = os.environ.get("VIRTUAL_ENV")
        if venv is None and activated and Path(activated) != CHECKOUT / ".venv":
            venv = Path(activated)
        if venv:
            path.insert(0, str(venv / "bin"))
            found["VIRTUAL_ENV"] = str(venv)
        if modules := self._above(_MODULES):
            path.insert(0, str(modules / ".bin"))
        return found | {"PATH": os.pathsep.join(path)}

    def _above(self, name: str) -> Path | None:
        """What is so called in the app's folder, or in one above it that is still the app's."""
        return next((each / name for each in self._folders() if (each / name).exists()), None)

    def _folders(self) -> Iterator[Path]:
        yield from (each for each in (self.folder, *self.folder.parents) if self._is_inside(each))

    def _is_inside(self, folder: Path) -> bool:
        return folder == self.top or self.top in folder.parents


def _is_venv(folder: Path) -> bool:
    return (folder / "bin" / "python").exists()
