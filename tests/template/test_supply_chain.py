"""Every Lambda asset has a bill of materials that is right, valid, and the same every time.

Proves: each package in an asset is listed with the hashes that the lock accepts, and one that no
lock names is refused; equal assets give equal bytes that CycloneDX's own schema accepts; licences
that nobody agreed to are named; vulnerabilities are reported when the database answered, and named
as not checked whenever it did not. Does not ask the database itself.
"""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from gates.supply_chain import licences, sbom, vulnerabilities
from gates.supply_chain.__main__ import report
from gates.supply_chain.assets import Asset, Package, UnlockedPackageError, assets, locks
from tests.support.synthesis import REPOSITORY, Assembly


@pytest.fixture(scope="module")
def found(assembly: Assembly) -> list[Asset]:
    return assets(assembly.directory)


def test_whatever_a_function_is_made_from_is_covered(
    assembly: Assembly, found: list[Asset]
) -> None:
    functions = list(assembly.read.resources("AWS::Lambda::Function"))
    keys = {each.properties["Code"]["S3Key"] for each in functions}
    assert {f"{asset.hash}.zip" for asset in found} == keys
    assert any(asset.service == "requests" for asset in found)
    assert all(asset.packages for asset in found)


def test_a_service_lists_what_its_lock_lists(found: list[Asset]) -> None:
    locked = locks(REPOSITORY)
    for asset in found:
        for package in asset.packages if asset.service else ():
            assert package.hashes == locked[package.name, package.version]
    (requests,) = {asset.packages for asset in found if asset.service == "requests"}
    assert {"aws-lambda-powertools", "jmespath"} <= {package.name for package in requests}


def test_a_package_that_no_lock_names_is_refused(
    assembly: Assembly, found: list[Asset], tmp_path: Path
) -> None:
    (requests,) = (each for each in found if each.service == "requests")
    copy = tmp_path / f"asset.{requests.hash}"
    with zipfile.ZipFile(assembly.directory / f"asset.{requests.hash}.zip") as archive:
        archive.extractall(copy)
    smuggled = copy / "smuggled-1.0.dist-info"
    smuggled.mkdir()
    (smuggled / "METADATA").write_text("Metadata-Version: 2.1\nName: smuggled\nVersion: 1.0\n")
    with pytest.raises(UnlockedPackageError, match=r"smuggled 1\.0"):
        assets(tmp_path)


def test_equal_assets_give_equal_bytes_without_a_time(found: list[Asset]) -> None:
    for asset in found:
        text = sbom.render(asset)
        assert text == sbom.render(asset)
        assert "timestamp" not in json.loads(text)["metadata"]


def test_another_asset_has_another_serial_number(found: list[Asset]) -> None:
    serials = [json.loads(sbom.render(asset))["serialNumber"] for asset in found]
    assert len(set(serials)) == len(found)


def test_a_bill_lists_each_package_as_a_dependency(found: list[Asset]) -> None:
    for asset in found:
        document = json.loads(sbom.render(asset))
        urls = {f"pkg:pypi/{each.name}@{each.version}" for each in asset.packages}
        assert {each["purl"] for each in document["components"]} == urls
        (root,) = (each for each in document["dependencies"] if each["ref"] == asset.hash)
        assert set(root["dependsOn"]) == urls
        assert document["specVersion"] == "1.6"


def test_cyclonedx_accepts_each_bill(found: list[Asset]) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str('{"bomFormat": "CycloneDX"}') is not None
    assert [validator.validate_str(sbom.render(asset)) for asset in found] == [None] * len(found)


def test_bills_are_written_beside_the_assets(found: list[Asset], tmp_path: Path) -> None:
    for asset in found:
        assert sbom.write(asset, tmp_path).relative_to(tmp_path).parts[0] == "sbom"


def of(licence: str) -> Asset:
    return Asset("0" * 64, "requests", (Package("thing", "1.0", "pypi", licence, ("a" * 64,)),))


@pytest.mark.parametrize(
    "licence", ["MIT", "Apache-2.0", "Apache License 2.0", "GPL-3.0 OR MIT", "MIT AND BSD-3-Clause"]
)
def test_permissive_licences_are_agreed_to(licence: str) -> None:
    assert licences.problems([of(licence)]) == []


@pytest.mark.parametrize("licence", ["GPL-3.0", "unknown", "MIT AND GPL-2.0", "Proprietary"])
def test_other_licences_are_named(licence: str) -> None:
    (problem,) = licences.problems([of(licence)])
    assert "thing 1.0" in problem


def test_what_we_ship_is_under_licences_that_we_agreed_to(found: list[Asset]) -> None:
    assert licences.problems(found) == []
    assert len(licences.report(found)) >= 3


def test_no_lock_is_left_out_of_the_question_silently(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vulnerabilities, "audit", lambda lock: vulnerabilities.Answer(str(lock)))
    assert report([]) == 0
    said = capsys.readouterr().out
    tracked = subprocess.run(
        ["git", "ls-files", "*requirements*.txt", "package-lock.json"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    # An app that stands for other people's locks nothing.
    locks = [name for name in tracked if "stock" not in name]
    assert [lock for lock in locks if f"  {lock}: " not in said] == []
    assert "package-lock.json: NOT CHECKED" in said


def answering(stdout: str, stderr: str = "", code: int = 0) -> vulnerabilities.Run:
    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        assert "--strict" in command
        return subprocess.CompletedProcess(list(command), code, stdout, stderr)

    return run


def dependencies(*entries: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(entries), "fixes": []})


CLEAN = {"name": "a", "version": "1", "vulns": []}
HIT = {
    "name": "b",
    "version": "2",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"], "aliases": [], "description": ""}],
}


def test_a_known_vulnerability_is_reported_with_its_fix() -> None:
    answer = vulnerabilities.audit(Path("lock"), answering(dependencies(CLEAN, HIT), code=1))
    assert [str(each) for each in answer.vulnerabilities] == ["lock: b 2 has PYSEC-1; fixed in 3"]
    assert not answer.not_checked


def test_no_vulnerability_is_claimed_only_when_every_package_was_looked_at() -> None:
    answer = vulnerabilities.audit(Path("lock"), answering(dependencies(CLEAN)))
    assert (answer.vulnerabilities, answer.not_checked) == ((), "")


@pytest.mark.parametrize(
    "run",
    [
        answering("", "ERROR: no route to host", 1),
        answering("", ""),
        answering("No known vulnerabilities found"),
        answering(dependencies()),
        answering(dependencies(CLEAN, {"name": "c", "skip_reason": "not found on PyPI"})),
    ],
)
def test_silence_is_not_an_answer(run: vulnerabilities.Run) -> None:
    answer = vulnerabilities.audit(Path("lock"), run)
    assert answer.not_checked
    assert not answer.vulnerabilities


def test_a_network_that_hangs_is_not_an_answer() -> None:
    def hangs(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired(list(command), 1)

    assert vulnerabilities.audit(Path("lock"), hangs).not_checked
