"""Everything the gates may look at, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, Self

from assembly.intended import Intended
from assembly.pipeline import Pipeline
from assembly.templates import Assembly, Resource, Template, template_file
from gates.supply_chain.locks import is_read_here

REVIEWED: Final = Path("gates/reviewed")
# How pytest reads the smoke suite. It is no script, and steers what scripts/smoke does.
SMOKE_SETTINGS: Final = "integ/pytest.ini"


# What installers, builds and tools write into a checkout: what .gitignore lists.
GENERATED: Final = {
    ".venv", ".venv-emulator", "node_modules", ".build", ".rehearsal", "cdk.out", "reports",
    ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__",
}  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """A cloud assembly, and what belongs to it in the checkout that it was synthesized from.

    beside: templates that the pipeline does not deploy, owners of accounts do. scripts: the text of
    each file in scripts/ and of integ/pytest.ini, by its path. reviewed: the text of each file in
    gates/reviewed/ by its name. installs: the text of each file that says what is installed, from
    where, or which tests run, by its path.
    """

    assembly: Assembly
    intended: Intended
    checkout: Path
    beside: tuple[Template, ...] = ()
    scripts: dict[str, str] = field(default_factory=dict)
    reviewed: dict[str, str] = field(default_factory=dict)
    installs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path, checkout: Path, beside: Iterable[Path] | None = None) -> Self:
        """Raises NoAssemblyError. beside: template files; the bootstrap's, unless told."""
        intended = Intended.of_checkout(checkout)
        others = _bootstrap_templates(checkout) if beside is None else beside
        return cls(
            Assembly.read(directory, intended.disposable_accounts),
            intended,
            checkout,
            tuple(template_file(path, checkout) for path in others),
            _texts(checkout, [*(checkout / "scripts").glob("*"), checkout / SMOKE_SETTINGS]),
            {path.name: path.read_text() for path in (checkout / REVIEWED).glob("*.txt")},
            _texts(
                checkout,
                [
                    path
                    for path in _files(checkout)
                    if is_read_here(str(path.relative_to(checkout)))
                ],
            ),
        )

    @property
    def templates(self) -> tuple[Template, ...]:
        """Those of the assembly, nested ones included, and those beside it."""
        return (*self.assembly.templates, *self.beside)

    def resources(self, *types: str) -> Iterator[Resource]:
        """All resources of all templates, or those of these types."""
        for template in self.templates:
            yield from template.resources(*types)

    @cached_property
    def pipeline(self) -> Pipeline:
        return Pipeline(self.assembly)


def _bootstrap_templates(checkout: Path) -> list[Path]:
    return sorted((checkout / "accounts/bootstrap").glob("*.template.yaml"))


def _files(folder: Path) -> Iterator[Path]:
    """Every file of the checkout that nobody made here, committed or not."""
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name not in GENERATED | {".git"} and not entry.is_symlink():
                yield from _files(entry)
        elif entry.is_file():
            yield entry


def _texts(checkout: Path, paths: Iterable[Path]) -> dict[str, str]:
    return {
        str(path.relative_to(checkout)): path.read_text()
        for path in sorted(paths)
        if path.is_file()
    }
