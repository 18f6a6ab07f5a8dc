"""The three Lambda functions as their settings wire them up, with what really makes the results.

Proved: each module imports with its environment alone, says what is missing there, and turns a real
picture or table into the products that it promises. The pictures' and tables' own cases are in
tests/files/images and tests/files/tables. Not proved: anything about AWS.
"""

from __future__ import annotations

import importlib
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from services.common.runtime.observability import metrics
from services.common.runtime.variables import SettingsError
from services.files.runtime.processing.ports import Source
from services.files.runtime.rejection import RejectedError

PROCESSOR = {
    "ENVIRONMENT": "dev",
    "UPLOADS_BUCKET": "uploads",
    "RESULTS_BUCKET": "results",
    "CATALOGUE_TABLE": "catalogue",
    "MAX_FILE_BYTES": "100000",
    "MAX_ATTEMPTS": "3",
    "MAX_RESULT_BYTES": "5000",
}
API = {
    "ENVIRONMENT": "dev",
    "COMMIT": "0123456",
    "UPLOADS_BUCKET": "uploads",
    "RESULTS_BUCKET": "results",
    "CATALOGUE_TABLE": "catalogue",
    "MAX_IMAGE_BYTES": "1",
    "MAX_TABLE_BYTES": "1",
    "LINK_MINUTES": "15",
}
VARIABLES = {"images": PROCESSOR, "tables": PROCESSOR, "api": API}
UNUSED = {("images", "MAX_RESULT_BYTES")}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    yield
    for function in VARIABLES:
        _unload(function)


def _unload(function: str) -> None:
    sys.modules.pop(f"services.files.runtime.{function}.handler", None)
    metrics.clear_default_dimensions()
    metrics.clear_metrics()


def _load(function: str, monkeypatch: pytest.MonkeyPatch, **changes: str) -> ModuleType:
    for name in {*PROCESSOR, *API, "IMAGE_SIZES", "CORS_ORIGINS"}:
        monkeypatch.delenv(name, raising=False)
    for name, value in (VARIABLES[function] | changes).items():
        monkeypatch.setenv(name, value)
    _unload(function)
    return importlib.import_module(f"services.files.runtime.{function}.handler")


@pytest.mark.parametrize(
    ("function", "name"),
    [(f, name) for f, names in VARIABLES.items() for name in names if (f, name) not in UNUSED],
)
def test_a_function_without_one_of_its_settings_names_it(
    monkeypatch: pytest.MonkeyPatch, function: str, name: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set"):
        _load(function, monkeypatch, **{name: ""})


@pytest.mark.parametrize("function", VARIABLES)
def test_a_function_starts_with_its_settings_alone(
    monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    assert callable(_load(function, monkeypatch).handler)


def test_a_picture_becomes_three_derivatives_and_a_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = _load("images", monkeypatch, IMAGE_SIZES="tiny=2 small=4 large=8")
    products = module._entry.processor.transform(
        _source(tmp_path, "Photo.PNG", _png(16, 8)), _out(tmp_path)
    )
    assert [product.name for product in products] == [
        "tiny.jpg",
        "small.jpg",
        "large.jpg",
        "metadata.json",
    ]
    assert {product.content_type for product in products} == {"image/jpeg", "application/json"}
    document = json.loads(products[-1].path.read_text())
    assert (document["width"], document["height"]) == (16, 8)


@pytest.mark.parametrize(
    "text", ["small", "small=0", "small=x", "small=1 small=2", "SMALL=1", "a=9999"]
)
def test_odd_sizes_are_named_at_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(SettingsError, match="IMAGE_SIZES"):
        _load("images", monkeypatch, IMAGE_SIZES=text)


def test_a_csv_becomes_lines_parquet_and_a_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = _load("tables", monkeypatch)
    source = _source(tmp_path, "Table.CSV", b"id,name\n007,x\n", "text/csv")
    products = module._entry.processor.transform(source, _out(tmp_path))
    assert [product.name for product in products] == ["rows.jsonl", "table.parquet", "profile.json"]
    assert json.loads(products[0].path.read_text()) == {"id": "007", "name": "x"}


def test_rows_set_aside_are_a_result_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = _load("tables", monkeypatch)
    source = _source(tmp_path, "table.csv", b"id,name\n1,x\n2,y,z\n", "text/csv")
    products = module._entry.processor.transform(source, _out(tmp_path))
    assert "bad-rows.csv" in [product.name for product in products]


def test_a_json_file_becomes_lines_and_a_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = _load("tables", monkeypatch)
    source = _source(tmp_path, "table.json", b'[{"a": 1}, {"a": 2}]', "application/json")
    products = module._entry.processor.transform(source, _out(tmp_path))
    assert [product.name for product in products] == ["rows.jsonl", "profile.json"]


def test_the_declared_charset_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = _load("tables", monkeypatch)
    source = _source(tmp_path, "a.csv", "name\nü\n".encode("latin-1"), "text/csv; charset=Latin1")
    products = module._entry.processor.transform(source, _out(tmp_path))
    assert json.loads(products[0].path.read_text()) == {"name": "ü"}


def test_results_that_outgrow_their_budget_reject_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = _load("tables", monkeypatch)
    body = b"a rather long name of a column,b\n" + b"1,2\n" * 500
    with pytest.raises(RejectedError, match="results-too-large"):
        module._entry.processor.transform(_source(tmp_path, "a.csv", body), _out(tmp_path))


def _source(folder: Path, name: str, body: bytes, content_type: str = "") -> Source:
    path = folder / "source"
    path.write_bytes(body)
    return Source(path, name, content_type)


def _out(folder: Path) -> Path:
    out = folder / "products"
    out.mkdir()
    return out


def _png(width: int, height: int) -> bytes:
    """An opaque grey picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
