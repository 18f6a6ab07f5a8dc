"""Usage: python -m accounts.guardrail rules [tools] | python -m accounts.guardrail region

What `scripts/guardrail` has to know: where the hook's rules are, and the region.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from accounts.guardrail.rule_file import write_rules
from accounts.guardrail.target import Target
from settings import Settings

REPOSITORY: Final = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Writes the rules and prints where, or prints the region of cdk.json."""
    settings = Settings.of_checkout(REPOSITORY)
    match arguments:
        case ["rules", *name]:
            target = Target.of(settings, *name)
            answer = str(write_rules(REPOSITORY, settings, target).relative_to(REPOSITORY))
        case ["region"]:
            answer = settings.region
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    sys.stdout.write(f"{answer}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
