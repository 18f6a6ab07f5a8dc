"""An asset is whole, the same from every checkout, and needs nothing but boto3 beside it.

Proved with the real installer and interpreter. Not proved: that Lambda's own Python loads it; the
rehearsal runs it on the emulator's.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from services.common.packaging import bundling
from services.common.packaging.bundling import REPOSITORY, Bundle, BundlingError, stage

RUNTIME = "services/requests/runtime"
# What Lambda's Python 3.12 runtime has besides the standard library.
PROVIDED = ["boto3", "botocore", "s3transfer", "dateutil", "six", "urllib3", "jmespath"]


def checkout(folder: Path) -> Bundle:
    """A copy of the services in another place, as a second clone would have it."""
    shutil.copytree(
        REPOSITORY / "services", folder / "services", ignore=shutil.ignore_patterns("__pycache__")
    )
    return Bundle(RUNTIME, repository=folder)


def contents(tree: Path) -> dict[str, str]:
    return {
        path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tree.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def asset() -> Path:
    return stage(Bundle(RUNTIME))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the dependencies, for tests that are about something else."""
    monkeypatch.setattr(bundling, "_install", lambda *_: None)


@pytest.mark.usefixtures("quick")
def test_of_one_code_the_newest_few_stay_and_what_was_used_within_the_hour(tmp_path: Path) -> None:
    build, long_ago = tmp_path / ".build", time.time() - 7200
    bundle = checkout(tmp_path)
    old = [build / f"services-requests-runtime-{number:032x}" for number in range(6)]
    recent = build / f"services-requests-runtime-{'f' * 32}"
    other = [build / f"services-requests-runtime-more-{number:032x}" for number in range(6)]
    for age, tree in enumerate([*old, *other, recent]):
        tree.mkdir(parents=True)
        tree.with_name(f"{tree.name}.zip").touch()
        os.utime(tree, None if tree == recent else (long_ago - age, long_ago - age))
    staged = stage(bundle)
    trees = {path for path in build.iterdir() if path.suffix != ".zip"}
    assert trees == {staged, recent, *old[:2], *other}
    assert {path.with_suffix("") for path in build.glob("*.zip")} == trees - {staged}


def test_two_checkouts_in_different_folders_give_the_same_bytes(tmp_path: Path) -> None:
    one = stage(checkout(tmp_path / "a"))
    two = stage(checkout(tmp_path / "another" / "much" / "longer" / "path"))
    assert one.name == two.name
    assert contents(one) == contents(two)


def test_no_file_tells_where_it_was_built(asset: Path) -> None:
    places = [str(REPOSITORY), sys.prefix, sys.base_prefix]
    for path in filter(Path.is_file, asset.rglob("*")):
        content = path.read_bytes()
        assert not [place for place in places if place.encode() in content], path
    names = {path.name for path in asset.rglob("*")}
    assert not names & {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "bin", ".lock"}


def test_only_the_service_and_what_it_shares_ship(asset: Path) -> None:
    shipped = {path.relative_to(asset).parent.as_posix() for path in asset.glob("services/**/*.py")}
    assert shipped == {RUNTIME, "services/common/runtime"}


@pytest.mark.usefixtures("quick")
def test_further_packages_ship_where_a_function_names_them(tmp_path: Path) -> None:
    alone = checkout(tmp_path)
    catalogue = "services/requests/catalogue"
    (tmp_path / catalogue).mkdir()
    (tmp_path / catalogue / "rows.py").write_text("ROWS = 1\n")
    both = replace(alone, also=(catalogue,))
    assert both.address() != alone.address()
    assert list((stage(both) / catalogue).rglob("rows.*.pyc"))
    assert not (stage(alone) / catalogue).exists()


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    misspelt = replace(checkout(tmp_path), also=("services/requests/catalog",))
    with pytest.raises(BundlingError, match="services/requests/catalog holds no Python module"):
        stage(misspelt)


def test_every_module_has_byte_code_that_is_never_checked_against_its_source(asset: Path) -> None:
    sources = list(asset.rglob("*.py"))
    assert sources
    for source in sources:
        header = Path(importlib.util.cache_from_source(source)).read_bytes()[:8]
        assert header[:4] == importlib.util.MAGIC_NUMBER
        # PEP 552: bit 0 is "hash-based", bit 1 "check the source".
        assert int.from_bytes(header[4:], "little") == 0b01, source


def test_the_asset_imports_with_nothing_but_boto3_beside_it(asset: Path, tmp_path: Path) -> None:
    script = f"""
import sys, os, json
sys.path[:0] = [{str(asset)!r}, {str(_provided(tmp_path))!r}]
os.environ.update({_variables()!r})
from services.requests.runtime.handler import handler
import aws_lambda_powertools
print(json.dumps([aws_lambda_powertools.__file__, sorted(sys.modules)]))
"""
    output = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env={}, capture_output=True, text=True, check=True, cwd=tmp_path,
    ).stdout  # fmt: skip
    powertools, modules = json.loads(output)
    assert powertools.startswith(str(asset))
    # Each of these would cost more at a cold start than the whole service.
    assert not {"aws_lambda_powertools.event_handler", "pydantic", "aws_xray_sdk"} & set(modules)


def test_a_changed_source_or_lock_or_platform_has_another_address(tmp_path: Path) -> None:
    bundle = checkout(tmp_path)
    addresses = {bundle.address(), Bundle(RUNTIME, "arm64", tmp_path).address()}
    for changed in (RUNTIME + "/logic.py", "services/common/runtime/http.py"):
        with (tmp_path / changed).open("a") as source:
            source.write("\n")
        addresses.add(bundle.address())
    with bundle.lock.open("a") as lock:
        lock.write("\n")
    addresses.add(bundle.address())
    assert len(addresses) == 5


def test_infrastructure_and_tests_are_no_part_of_the_address(tmp_path: Path) -> None:
    bundle = checkout(tmp_path)
    before = bundle.address()
    (tmp_path / "services/requests/infrastructure.py").write_text("")
    (tmp_path / "services/common/packaging/bundling.py").write_text("")
    assert bundle.address() == before


@pytest.mark.usefixtures("quick")
def test_what_is_staged_is_used_again(tmp_path: Path) -> None:
    bundle = checkout(tmp_path)
    staged = stage(bundle)
    (staged / "mark").touch()
    assert (stage(bundle) / "mark").exists()


@pytest.mark.usefixtures("quick")
def test_an_interrupted_build_is_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    bundle = checkout(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(bundling, "_compile", interrupt)
        with pytest.raises(KeyboardInterrupt):
            stage(bundle)
    assert list((tmp_path / ".build").iterdir()) == []
    assert list(stage(bundle).rglob("*.pyc"))


@pytest.mark.usefixtures("quick")
def test_the_slower_of_two_builds_uses_the_other_ones_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = checkout(tmp_path)
    compile_tree = bundling._compile

    def meanwhile(tree: Path, bundle: Bundle) -> None:
        monkeypatch.setattr(bundling, "_compile", compile_tree)
        stage(bundle)
        compile_tree(tree, bundle)

    monkeypatch.setattr(bundling, "_compile", meanwhile)
    staged = stage(bundle)
    assert [path.name for path in (tmp_path / ".build").iterdir()] == [staged.name]


def test_a_lock_that_does_not_match_fails_in_the_installers_own_words(tmp_path: Path) -> None:
    bundle = checkout(tmp_path)
    bundle.lock.write_text(f"jmespath==1.1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(BundlingError, match=r"(?s)services/requests/runtime.*[Hh]ash"):
        stage(bundle)
    assert list((tmp_path / ".build").iterdir()) == []


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundlingError, match=r"'sparc'.*x86_64, arm64"):
        stage(Bundle(RUNTIME, "sparc", tmp_path))


def _provided(folder: Path) -> Path:
    """A folder with what Lambda provides, taken from this environment."""
    provided = folder / "provided"
    provided.mkdir()
    for name in PROVIDED:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        origin = origin.parent if origin.name == "__init__.py" else origin
        (provided / origin.name).symlink_to(origin)
    return provided


def _variables() -> dict[str, str]:
    return {
        "ENVIRONMENT": "dev",
        "BUCKET_NAME": "bucket",
        "TABLE_NAME": "table",
        "STATE_MACHINE_ARN": "arn:aws:states:us-west-2:222222222222:stateMachine:machine",
        "MAX_BODY_BYTES": "1048576",
        "POWERTOOLS_METRICS_NAMESPACE": "Tap",
        "AWS_DEFAULT_REGION": "us-west-2",
    }
