"""Usage: python -m gates.supply_chain sbom ASSEMBLY, or report ASSEMBLY

sbom: writes a bill of materials for each Lambda asset into ASSEMBLY/sbom.
report: the same, then licences and known vulnerabilities; 1 if either has problems, 0 also where
vulnerabilities were not checked, which it says.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gates.supply_chain import licences, sbom, vulnerabilities
from gates.supply_chain.assets import REPOSITORY, Asset, assets


def main(arguments: list[str]) -> int:
    match arguments:
        case ["sbom", assembly]:
            _write(Path(assembly))
            return 0
        case ["report", assembly]:
            return report(_write(Path(assembly)))
    sys.stderr.write(f"{__doc__}\n")
    return 2


def _write(assembly: Path) -> list[Asset]:
    found = assets(assembly)
    for asset in found:
        sys.stdout.write(f"{sbom.write(asset, assembly)}: {len(asset.packages)} packages\n")
    return found


def report(found: list[Asset]) -> int:
    """Prints licences and known vulnerabilities; 1 if either has problems."""
    sys.stdout.write("\nLicences of what ships:\n")
    for line in licences.report(found):
        sys.stdout.write(f"  {line}\n")
    problems = licences.problems(found)
    sys.stdout.write("\nKnown vulnerabilities:\n")
    for lock in _locks():
        answer = vulnerabilities.audit(lock)
        name = lock.relative_to(REPOSITORY)
        if answer.not_checked:
            sys.stdout.write(f"  {name}: NOT CHECKED ({answer.not_checked})\n")
        elif not answer.vulnerabilities:
            sys.stdout.write(f"  {name}: none\n")
        problems += [str(each) for each in answer.vulnerabilities]
    sys.stdout.write("  package-lock.json: NOT CHECKED (pip-audit reads Python's locks only)\n")
    for problem in problems:
        sys.stderr.write(f"  {problem}\n")
    return 1 if problems else 0


def _locks() -> list[Path]:
    services = sorted(REPOSITORY.glob("services/*/runtime/**/requirements.txt"))
    ours = sorted(REPOSITORY.glob("requirements*.txt"))
    return [*services, *ours, REPOSITORY / "embedded_aws" / "requirements.txt"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
