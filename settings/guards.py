"""Which files guard the delivery: what its builds run and obey.

A commit that changes one of them waits for a person before anything of it is deployed, the
pipeline included. Everything does that is not named here: a module at the root that shadows
another, a folder that nobody thought of.
"""

from __future__ import annotations

from typing import Final

from guards import comparison, patterns
from settings.reader import Reader

# The folders that come last protect nobody: no build of a delivery runs them. What the services
# are made of reaches an environment as templates, whose reviewed texts are guards, and as the code
# of functions; but how they are packed, and from which locks, is a guard.
GUARDS: Final = (
    "*",
    "!/services/",
    "/services/common/packaging/",
    *("requirements*.txt", "requirements*.in", "package.json", "package-lock.json"),
    *("*.toml", "*.cfg", "*.ini", "*.conf", "*.pth", "*.lock", ".*rc", ".git*", ".python-version"),
    *("conftest.py", "sitecustomize.py", "usercustomize.py"),
    *("!/docs/", "!/tests/", "!/benchmarks/", "!/embedded_aws/", "!/rehearsal/"),
    "!/*.md",
)

# Without these there is no delivery that a guard could stand in.
ALWAYS: Final = (
    *("accounts/guardrail/stack.py", "assembly/pipeline.py", "cdk.json", "gates/__main__.py"),
    *("gates/reviewed/delivery.txt", "guards/comparison.py", "integ/conftest.py", ".npmrc"),
    *("package-lock.json", "pipeline/stack.py", "pipeline_app.py", "requirements.txt"),
    *("requirements-verify.txt", "scripts/gates", "settings/guards.py", "stages/application.py"),
    *(".gitignore", "yaml.py"),
)


def read_guards(reader: Reader, key: str) -> tuple[str, ...]:
    """The globs at `key`, as a `.gitignore` would have them; `GUARDS` when there are none."""
    expected = 'globs as in .gitignore, such as "*" and "!/docs/", without [ and backslashes'
    globs = reader.texts(key, patterns.READABLE, expected, GUARDS)
    free = [path for path in ALWAYS if not comparison.guarded(path, patterns.compiled(globs))]
    if free:
        reader.reject(key, list(globs), f"globs that guard {', '.join(free)}, too")
    return globs
