"""Usage: python -m accounts.bootstrap write ASSEMBLY | check ASSEMBLY | arguments NAME

write: the templates anew. check: as JSON, by their files, the differences of those that `write`
would change. arguments: those of `cdk` for an account, NAME: tools or an environment of cdk.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from accounts.bootstrap import generate
from accounts.bootstrap.options import bootstrap_arguments
from settings import Settings


def main(arguments: list[str]) -> int:
    """Writes the templates anew, or prints the arguments of `cdk` for one account, a line each."""
    match arguments:
        case ["write", assembly]:
            for path in generate.write(Path(assembly)):
                sys.stdout.write(f"{path.relative_to(generate.REPOSITORY)} changed: read it\n")
            return 0
        case ["check", assembly]:
            found = generate.differences(Path(assembly))
            names = {str(p.relative_to(generate.REPOSITORY)): each for p, each in found.items()}
            sys.stdout.write(f"{json.dumps(names)}\n")
            return 0
        case ["arguments", name]:
            return _print_arguments(name)
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2


def _print_arguments(name: str) -> int:
    settings = Settings.of_checkout(generate.REPOSITORY)
    accounts = settings.accounts
    if name not in accounts:
        known = ", ".join(accounts)
        sys.stderr.write(f"cdk.json has no account {name!r}, only {known}\n")
        return 2
    sys.stdout.write("\n".join(bootstrap_arguments(name, accounts, settings.region)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
