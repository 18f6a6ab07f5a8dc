"""Each folder imports only what stands below it.

Proves: every import in the code that ships, read from its syntax, is one that `MAY_IMPORT` allows,
so that a room can be moved, replaced or taken elsewhere by itself. Does not see what is imported by
a name made at run time (`importlib`), nor what a script runs.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

# The first that fits a module is its room. A room may import itself and what is named here.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "guards": (),
    "settings": ("guards",),
    "services.common.runtime": (),
    "services.*.runtime": ("services.common.runtime",),
    "services.common": ("settings", "assembly.archives"),
    "services.*": ("services.common", "settings"),
    "stages": ("services", "settings"),
    "pipeline": ("stages", "settings", "guards"),
    "pipeline_app": ("pipeline", "stages", "settings"),
    "pages": (),
    "integ": ("pages",),
    "assembly": ("settings",),
    "gates": ("assembly", "settings", "guards"),
    "accounts": ("assembly", "settings"),
    "embedded_aws": (),
    "ops": ("pages",),
    "promotion": ("assembly", "ops", "pages", "settings"),
    "rehearsal": ("embedded_aws", "ops", "assembly", "pages", "settings"),
    "benchmarks": ("embedded_aws", "services"),
}
PACKAGES = {room.partition(".")[0] for room in MAY_IMPORT} | {"tests"}


def imports(source: str) -> Iterator[str]:
    """The dotted names that a module imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str | None:
    return next((room for room in MAY_IMPORT if _within(module, room)), None)


def trespasses(module: str, source: str) -> list[str]:
    """The imports of `module` that its room does not allow."""
    room = room_of(module)
    if room is None:
        return []
    own = ".".join(module.split(".")[: room.count(".") + 1])
    allowed = (own, *MAY_IMPORT[room])
    return [
        name
        for name in imports(source)
        if name.partition(".")[0] in PACKAGES and not _any(name, allowed)
    ]


def _within(module: str, room: str) -> bool:
    return fnmatchcase(module, room) or fnmatchcase(module, f"{room}.*")


def _any(name: str, rooms: Iterable[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def modules() -> dict[str, Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    files = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): name
        for name in listed
    }
    return {
        module: REPOSITORY / name for module, name in files.items() if (REPOSITORY / name).exists()
    }


SHIPPED = {module: path for module, path in modules().items() if not module.startswith("tests")}


@pytest.mark.parametrize("module", sorted(SHIPPED))
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    assert room_of(module), f"{module} stands in no room: name it in MAY_IMPORT"
    assert not trespasses(module, SHIPPED[module].read_text())


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("embedded_aws.registry", "from rehearsal.clients import Clients"),
        ("embedded_aws.codepipeline.api", "import settings"),
        ("services.files.runtime.api", "from services.requests.runtime.api import RequestsApi"),
        ("services.files.runtime.api", "from services.common.infrastructure import storage"),
        ("services.common.infrastructure.api", "from services.requests.options import DEFAULTS"),
        ("gates.rules.trust", "from pipeline.stack import PipelineStack"),
        ("ops.pipeline", "def f():\n    import rehearsal"),
        ("pages.page", "from integ.results import Run"),
        ("promotion.report", "from pipeline.promotion import STAGE"),
        ("assembly.templates", "from tests.support import aws"),
    ],
)
def test_a_trespass_is_noticed(module: str, source: str) -> None:
    assert trespasses(module, source)
