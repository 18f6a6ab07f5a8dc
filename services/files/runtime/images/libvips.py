"""The few calls of libvips that rendering takes, with every decoder but two switched off.

libvips comes in the wheel `pyvips-binary`, whose module `_libvips` is cffi's view of the C library.
Its usual companion `pyvips` exists as source only, and what we ship is installed from wheels alone;
so these are the forty lines of it that we need.

Importing this module initialises libvips for the whole process: one worker thread (a function of
512 MB has a third of a core), no cache of operations (no picture is read twice), and of all that
reads or writes files only what READERS and WRITERS name. Some of its readers look into the file
before libvips notices that they are switched off; so nothing but OPERATIONS is called at all.
"""

from __future__ import annotations

import os
from typing import Any, Final, cast

# libvips prints its warnings on standard error unless this is set when it starts; ours are errors.
os.environ["VIPS_WARNING"] = "1"

from _libvips import ffi, lib

OPERATIONS: Final = frozenset(
    {
        *("jpegload", "pngload", "jpegsave", "pngsave"),
        *("cast", "colourspace", "icc_transform", "premultiply", "unpremultiply"),
        *("copy", "extract_band", "flip", "min", "resize", "rot"),
    }
)
READERS: Final = ("VipsForeignLoadJpegFile", "VipsForeignLoadPngFile")
WRITERS: Final = ("VipsForeignSaveJpegFile", "VipsForeignSavePngFile")


class VipsError(Exception):
    """libvips refused or failed; the text is its own."""


class Image:
    """A picture that libvips computes when its pixels are asked for.

    pointer: a VipsImage of which this object owns one reference.
    """

    def __init__(self, pointer: Any) -> None:
        self.pointer = ffi.gc(pointer, lib.g_object_unref)

    @property
    def width(self) -> int:
        return cast(int, _property(self.pointer, "width"))

    @property
    def height(self) -> int:
        return cast(int, _property(self.pointer, "height"))

    @property
    def bands(self) -> int:
        return cast(int, _property(self.pointer, "bands"))

    @property
    def format(self) -> str:
        """Of a sample: "uchar" for eight bits, "ushort" for sixteen."""
        number = _property(self.pointer, "format")
        kind = lib.vips_band_format_get_type()
        return str(ffi.string(lib.vips_enum_nick(kind, number)).decode())

    @property
    def has_alpha(self) -> bool:
        return bool(lib.vips_image_hasalpha(self.pointer))

    def in_memory(self) -> Image:
        """The same picture, computed. Raises VipsError for whatever is wrong with its source."""
        pointer = lib.vips_image_copy_memory(self.pointer)
        if pointer == ffi.NULL:
            raise _error()
        return Image(pointer)


def apply(operation: str, image: Image | None = None, **options: object) -> Image:
    """The picture that an operation makes, of another one unless it reads a file.

    options: by libvips's names, its enumerations as words. Raises VipsError.
    """
    return Image(_run(operation, image, options, "out"))


def measure(operation: str, image: Image, **options: object) -> float:
    """The number that an operation finds in a picture. Raises VipsError."""
    return cast(float, _run(operation, image, options, "out"))


def write(operation: str, image: Image, **options: object) -> None:
    """Writes a file. Raises VipsError, for a full disk too."""
    _run(operation, image, options, None)


def _run(name: str, image: Image | None, options: dict[str, object], output: str | None) -> Any:
    if name not in OPERATIONS:
        raise VipsError(f"{name} is none of the operations that are used here")
    operation = lib.vips_operation_new(name.encode())
    if operation == ffi.NULL:
        raise _error()
    try:
        if image is not None:
            _set_image(operation, image)
        _set_options(operation, options)
        # With a cache that holds nothing this builds the operation, and answers the same one.
        if lib.vips_cache_operation_build(operation) == ffi.NULL:
            raise _error()
        lib.g_object_unref(operation)
        return None if output is None else _property(operation, output)
    finally:
        lib.vips_object_unref_outputs(ffi.cast("VipsObject*", operation))
        lib.g_object_unref(operation)


def _set_image(operation: Any, image: Image) -> None:
    value = ffi.new("GValue*")
    lib.g_value_init(value, lib.g_type_from_name(b"VipsImage"))
    lib.g_value_set_object(value, image.pointer)
    lib.g_object_set_property(ffi.cast("GObject*", operation), b"in", value)
    lib.g_value_unset(value)


def _set_options(operation: Any, options: dict[str, object]) -> None:
    """By libvips's own reader of texts, which knows the type of each option."""
    if options:
        text = ",".join(f"{name}={_quoted(value)}" for name, value in options.items())
        pointer = ffi.cast("VipsObject*", operation)
        if lib.vips_object_set_from_string(pointer, f"[{text}]".encode()):
            raise _error()


def _quoted(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return '"' + text.replace('"', '\\"') + '"'


def _property(pointer: Any, name: str) -> Any:
    """A property's value; of a picture, its pointer with a reference of its own."""
    instance = ffi.cast("GObject*", pointer)
    description = ffi.new("GParamSpec**")
    arguments = ffi.new("VipsArgumentClass**"), ffi.new("VipsArgumentInstance**")
    lib.vips_object_get_argument(
        ffi.cast("VipsObject*", pointer), name.encode(), description, *arguments
    )
    value = ffi.new("GValue*")
    lib.g_value_init(value, description[0].value_type)
    lib.g_object_get_property(instance, name.encode(), value)
    kind = ffi.string(lib.g_type_name(lib.g_type_fundamental(description[0].value_type)))
    result = _READ[kind](value)
    if kind == b"GObject":
        lib.g_object_ref(result)
    lib.g_value_unset(value)
    return result


_READ: Final = {
    b"gint": lib.g_value_get_int,
    b"GEnum": lib.g_value_get_enum,
    b"gdouble": lib.g_value_get_double,
    b"GObject": lib.g_value_get_object,
}


def _error() -> VipsError:
    text = ffi.string(lib.vips_error_buffer()).decode(errors="replace").strip()
    lib.vips_error_clear()
    return VipsError(text or "libvips gave no reason")


def _initialise() -> None:
    if lib.vips_init(b"images"):
        raise _error()
    lib.vips_concurrency_set(1)
    lib.vips_cache_set_max(0)
    for everything in (b"VipsForeignLoad", b"VipsForeignSave"):
        lib.vips_operation_block_set(everything, 1)
    for allowed in READERS + WRITERS:
        lib.vips_operation_block_set(allowed.encode(), 0)


_initialise()
