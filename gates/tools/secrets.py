"""detect-secrets over every file of the checkout that is, or could be, committed. No network.

It runs as a process of its own (`python -m gates.tools.secrets CHECKOUT`), beside the other tools.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from gates.delivery import GENERATED
from gates.finding import Finding
from gates.tools.run import run

RULE: Final = "TAP-601"

# Known formats, and names such as "password" that get a text. The entropy detectors are left out:
# of this repository's hashes, ids and test data they would report hundreds, and find no key whose
# format is not known besides.
_PLUGINS: Final = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "KeywordDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "StripeDetector",
    "TwilioKeyDetector",
)
# Not `allowlist.is_line_allowlisted`: a comment in a line must not be enough to hide it.
_FILTERS: Final = (
    "detect_secrets.filters.heuristic.is_indirect_reference",
    "detect_secrets.filters.heuristic.is_templated_secret",
    "detect_secrets.filters.heuristic.is_prefixed_with_dollar_sign",
    "detect_secrets.filters.heuristic.is_sequential_string",
)


def findings(checkout: Path) -> list[Finding]:
    """One finding for each secret and file; the subject is the beginning of its SHA-1."""
    output = run([sys.executable, "-m", __name__, str(checkout)], expected=(0,))
    return [Finding(**each) for each in json.loads(output)]


def scan(checkout: Path) -> list[Finding]:
    """`findings`, in this process."""
    secrets = SecretsCollection(root=str(checkout))
    settings = {
        "plugins_used": [{"name": name} for name in _PLUGINS],
        "filters_used": [{"path": path} for path in _FILTERS],
    }
    with transient_settings(settings):
        for file in files(checkout):
            secrets.scan_file(file)
    return [
        Finding(
            file,
            "",
            RULE,
            f"line {secret.line_number} holds what looks like a secret",
            "read it from where secrets are kept; revoke it if it was real, since history keeps it",
            secret.secret_hash[:12],
        )
        for file, secret in secrets
    ]


def files(checkout: Path) -> list[str]:
    """Relative to the checkout: tracked files, and new ones that git does not ignore."""
    if (checkout / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(
            command, cwd=checkout, check=True, capture_output=True, text=True
        ).stdout
        return sorted(file for file in listed.split("\0") if (checkout / file).is_file())
    return sorted(_walk(checkout, checkout))


def _walk(folder: Path, checkout: Path) -> list[str]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink() and entry.name not in GENERATED | {".git"}:
            found += _walk(entry, checkout)
        elif entry.is_file() and not entry.is_symlink():
            found.append(str(entry.relative_to(checkout)))
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps([each.plain() for each in scan(Path(sys.argv[1]))]))
