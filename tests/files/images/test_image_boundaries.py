"""Nothing but JPEG and PNG is decoded, and nothing but pixels comes out.

The first is proved against libvips's own list of what it can read and write; the second by looking
for every kind of metadata, which are planted first, in the bytes of what was made, and by taking
the derivatives apart. Not proved: that nobody can be recognised in a picture.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from _libvips import ffi, lib
from PIL import Image

from services.files.runtime.images import Rendering, libvips
from tests.files.images import profiles
from tests.files.images.pictures import (
    chunk,
    oriented,
    quadrants,
    rendered,
    saved,
    with_chunks,
    with_profile,
    with_segment,
)

SECRET = b"SECRET"
TEXT = b"SECRET place, SECRET name"


def foreign() -> dict[str, str]:
    """Every operation of libvips that reads or writes files, by class name."""
    found: dict[str, str] = {}

    @ffi.callback("void*(GType, void*, void*)")  # type: ignore[untyped-decorator]
    def note(kind: int, _a: object, _b: object) -> object:
        name = ffi.string(lib.vips_nickname_find(kind)).decode()
        found[ffi.string(lib.g_type_name(kind)).decode()] = name
        lib.vips_type_map(kind, note, ffi.NULL, ffi.NULL)
        return ffi.NULL

    lib.vips_type_map(lib.g_type_from_name(b"VipsForeign"), note, ffi.NULL, ffi.NULL)
    return found


def test_all_other_decoders_and_encoders_are_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = foreign()
    assert {"webpload", "tiffload", "gifload", "heifload", "svgload"} <= set(known.values())
    monkeypatch.setattr(libvips, "OPERATIONS", frozenset(known.values()))
    files = {}
    for form in ("GIF", "WEBP", "TIFF", "AVIF", "JPEG", "PNG"):
        files[form] = tmp_path / form
        files[form].write_bytes(saved(quadrants(), form))
    files["SVG"] = tmp_path / "SVG"
    files["SVG"].write_text("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    read = {
        name
        for name in known.values()
        for path in files.values()
        if "load" in name and reads(name, path)
    }
    assert read == {"jpegload", "pngload"}
    image = libvips.apply("jpegload", filename=files["JPEG"]).in_memory()
    written = {name for name in known.values() if "save" in name and writes(name, image, tmp_path)}
    assert written == {"jpegsave", "pngsave"}


def reads(name: str, path: Path) -> bool:
    try:
        libvips.apply(name, filename=path).in_memory()
    except libvips.VipsError:
        return False
    return True


def writes(name: str, image: libvips.Image, folder: Path) -> bool:
    try:
        libvips.write(name, image, filename=folder / "written")
    except libvips.VipsError:
        return False
    return True


def test_nothing_finds_another_decoder_by_itself(tmp_path: Path) -> None:
    """libvips looks for one by content when asked to; there, too, it finds these two only."""
    for form in ("GIF", "WEBP", "TIFF", "AVIF", "JPEG", "PNG"):
        path = tmp_path / form
        path.write_bytes(saved(quadrants(), form))
        found = lib.vips_foreign_find_load(str(path).encode())
        lib.vips_error_clear()
        name = None if found == ffi.NULL else ffi.string(found).decode()
        expected = {"JPEG": "VipsForeignLoadJpegFile", "PNG": "VipsForeignLoadPngFile"}
        assert name in (None, expected.get(form))


def test_only_the_operations_in_use_can_be_called() -> None:
    assert libvips.OPERATIONS & set(foreign().values()) == {
        *("jpegload", "pngload", "jpegsave", "pngsave"),
    }
    with pytest.raises(libvips.VipsError, match="none of the operations"):
        libvips.apply("black", width=1, height=1)


def test_what_libvips_says_is_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(libvips.VipsError, match="No such file"):
        libvips.apply("jpegload", filename=tmp_path / "nothing")
    with pytest.raises(libvips.VipsError, match="no property named"):
        libvips.apply("jpegload", nonsense=1)


def jpeg_with_everything() -> bytes:
    profile = profiles.rgb(profiles.DISPLAY_P3, SECRET.decode())
    content = with_profile(
        saved(quadrants(), exif=oriented(6), comment=TEXT, dpi=(301, 301)), profile
    )
    content = with_segment(content, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + TEXT)
    content = with_segment(content, 0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + TEXT)
    content = with_segment(content, 0xE0, b"JFXX\0\x10" + TEXT)
    content = with_segment(content, 0xEA, TEXT)
    return content + TEXT


def png_with_everything(mode: str) -> bytes:
    options = {"exif": oriented(6), "dpi": (301, 301)}
    image = quadrants().convert(mode)
    if "A" in mode:
        image.putalpha(100)
    profile = profiles.rgb(profiles.DISPLAY_P3, SECRET.decode())
    content = saved(image, "PNG", icc_profile=profile, **options)
    chunks = [
        chunk(b"tEXt", b"Comment\0" + TEXT),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(TEXT)),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + TEXT),
        chunk(b"tIME", struct.pack(">HBBBBB", 2026, 11, 25, 1, 2, 3)),
        chunk(b"prVt", TEXT),
    ]
    return with_chunks(content, *chunks) + TEXT


def assert_only_pixels(rendering: Rendering) -> None:
    for derivative in rendering.derivatives:
        content = derivative.path.read_bytes()
        assert SECRET not in content
        with Image.open(derivative.path) as image:
            image.load()
            left = set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            assert left <= {"dpi"}
            assert [round(dots) for dots in image.info.get("dpi", [])] in ([72, 72], [])
            assert image.getexif() == {}
        if derivative.media_type == "image/png":
            assert set(chunk_types(content)) <= {
                b"IHDR",
                b"PLTE",
                b"tRNS",
                b"pHYs",
                b"IDAT",
                b"IEND",
            }
        else:
            head = content[: content.index(b"\xff\xda")]
            assert not any(bytes([0xFF, marker]) in head for marker in (*range(0xE1, 0xF0), 0xFE))


def chunk_types(png: bytes) -> list[bytes]:
    types, position = [], 8
    while position < len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        types.append(kind)
        position += length + 12
    return types


def test_no_metadata_of_a_jpeg_reaches_a_derivative(tmp_path: Path) -> None:
    content = jpeg_with_everything()
    assert content.count(SECRET) >= 12
    rendering = rendered(tmp_path, content)
    assert rendering.document["orientation"] == 6
    assert_only_pixels(rendering)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_no_metadata_of_a_png_reaches_a_derivative(tmp_path: Path, mode: str) -> None:
    rendering = rendered(tmp_path, png_with_everything(mode), "x.png")
    assert rendering.document["orientation"] == 6
    assert_only_pixels(rendering)


def test_no_place_is_in_the_document(tmp_path: Path) -> None:
    document = rendered(tmp_path, saved(quadrants(), exif=oriented(1))).document
    assert not {"SECRETCAM", "52", "gps"} & {str(value) for value in document.values()}
    assert set(document) == {
        *("schema", "bytes", "sha256", "format", "media_type", "width", "height", "stored_width"),
        *("stored_height", "orientation", "colour_space", "icc_profile", "bits_per_sample"),
        *("alpha", "interlaced", "frames", "notes", "derivatives"),
    }
