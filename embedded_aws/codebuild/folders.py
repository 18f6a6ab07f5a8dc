"""Where one build's files are: on this machine, and as the build itself sees them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOME = Path("/root")
"""Of the image: HOME "is always set to /root" (user guide, build-env-ref-env-vars)."""


@dataclass(frozen=True)
class Folders:
    """The folders of one build below `top`."""

    top: Path

    @property
    def workspace(self) -> Path:
        """The sources."""
        return self.top / "workspace"

    @property
    def source(self) -> Path:
        """CODEBUILD_SRC_DIR: the primary source, where commands start."""
        return self.workspace / "src"

    def secondary(self, identifier: str) -> Path:
        """CODEBUILD_SRC_DIR_<identifier>."""
        return self.workspace / "secondary" / identifier

    @property
    def cache(self) -> Path:
        """What the project's builds keep. Beside the sources: hard links between two mounts are
        refused, and without them uv copies what it installs. No identifier begins with a dot."""
        return self.workspace / ".cache"

    @property
    def home(self) -> Path:
        """HOME; npm's global prefix is inside."""
        return self.top / "home"

    @property
    def prefix(self) -> Path:
        """Where `npm install -g` puts things."""
        return self.home / ".npm-global"

    @property
    def temporary(self) -> Path:
        """TMPDIR."""
        return self.top / "tmp"

    @property
    def python(self) -> Path:
        """The build's own interpreter, which `pip install` installs into."""
        return self.top / "python"

    @property
    def runtimes(self) -> Path:
        """The programs of the runtimes."""
        return self.top / "runtimes"

    @property
    def missing(self) -> Path:
        """Programs that the image has and this machine does not: each says so."""
        return self.top / "missing"

    @property
    def certificates(self) -> Path:
        """Whom a build trusts."""
        return self.top / "certificates"

    @property
    def scripts(self) -> Path:
        """The commands, as the server wrote them."""
        return self.top / "commands" / "scripts"

    @property
    def state(self) -> Path:
        """What the shell keeps between two commands, and what the server asked the build for."""
        return self.top / "commands" / "state"

    @property
    def writable(self) -> tuple[Path, ...]:
        """What belongs to the build."""
        return self.workspace, self.home, self.temporary, self.python, self.state

    @property
    def readable(self) -> tuple[Path, ...]:
        """What the server made for it."""
        return self.runtimes, self.missing, self.certificates, self.scripts

    def make(self) -> None:
        """Creates them all."""
        for folder in (*self.writable, *self.readable, self.source, self.prefix / "bin"):
            folder.mkdir(parents=True, exist_ok=True)


class SeenFolders(Folders):
    """The same in a sandbox, where home is the image's."""

    @property
    def home(self) -> Path:
        """HOME, as in the image."""
        return HOME

    @property
    def temporary(self) -> Path:
        """As where nothing sets TMPDIR."""
        return Path("/tmp")  # noqa: S108
