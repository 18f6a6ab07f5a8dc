"""Usage: python -m bootstrap write ASSEMBLY | python -m bootstrap arguments tools|dev|prod"""

from __future__ import annotations

import sys
from pathlib import Path

from accounts.bootstrap import generate
from accounts.bootstrap.assembly import ACCOUNTS
from accounts.bootstrap.options import bootstrap_arguments


def main(arguments: list[str]) -> int:
    """Writes the templates anew, or prints the arguments of `cdk` for one account, a line each."""
    match arguments:
        case ["write", assembly]:
            for path in generate.write(Path(assembly)):
                sys.stdout.write(f"{path.relative_to(generate.REPOSITORY)} changed: read it\n")
        case ["arguments", name] if name in ACCOUNTS:
            words = bootstrap_arguments(name, generate.account_ids(), generate.region())
            sys.stdout.write("\n".join(words) + "\n")
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
