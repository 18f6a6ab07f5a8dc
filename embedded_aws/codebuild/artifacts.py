"""Sources in, artifacts out: zip archives in S3, moved with the project's service role.

User guide: build-spec-ref (artifacts), sample-multi-in-out (secondary sources and artifacts).
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws.codebuild.buildspec import FileSet
from embedded_aws.codebuild.record import BuildError

_DEFAULT_KEY = "alias/aws/codebuild"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def matching(root: Path, wanted: FileSet) -> dict[str, Path]:
    """Name in the archive -> file, for what `wanted` takes below `root`; sorted by name.

    `*` stays within one folder, `**` crosses folders. A symbolic link is taken as a link.
    """
    found = {
        name: path
        for base in _bases(root, wanted.base_directory)
        for name, path in _files(base)
        if _any(wanted.files, name) and not _any(wanted.exclude_paths, name)
    }
    if wanted.discard_paths:
        found = {PurePosixPath(name).name: path for name, path in found.items()}
    return dict(sorted(found.items()))


def _bases(root: Path, pattern: str) -> list[Path]:
    pattern = pattern.removeprefix(str(root)).strip("/").removeprefix("./")
    if not pattern or pattern == ".":
        return [root]
    if ".." in PurePosixPath(pattern).parts:
        raise BuildError("CLIENT_ERROR", f"base-directory {pattern!r} leaves the source")
    return [path for path in sorted(root.glob(pattern)) if path.is_dir()]


def _files(base: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(base):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in [*names, *links]:
            path = Path(folder, name)
            yield path.relative_to(base).as_posix(), path


def _any(patterns: Iterable[str], name: str) -> bool:
    return any(_expression(pattern).fullmatch(name) for pattern in patterns)


def _expression(pattern: str) -> re.Pattern[str]:
    parts = []
    for part in pattern.removeprefix("./").strip("/").split("/"):
        parts.append("(?:.*/)?" if part == "**" else _segment(part) + "/")
    text = "".join(parts)
    # A pattern that ends in `**` takes every file below; any other ends in a file's name.
    return re.compile(text + ".*" if pattern.endswith("**") else text.removesuffix("/"), re.DOTALL)


def _segment(part: str) -> str:
    translated = fnmatch.translate(part).removeprefix("(?s:").removesuffix(r")\Z")
    return translated.replace(".*", "[^/]*")


def pack(files: dict[str, Path], archive: Path) -> None:
    """Writes a zip with each file's mode; links stay links. Equal files make equal bytes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as output:
        for name, path in files.items():
            mode = path.lstat().st_mode
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix: without it no reader looks at the mode
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            is_link = stat.S_ISLNK(mode)
            output.writestr(info, os.readlink(path).encode() if is_link else path.read_bytes())


def unpack(archive: Path, target: Path) -> None:
    """Extracts a zip with modes and links. Raises `BuildError` before anything leaves `target`."""
    target.mkdir(parents=True, exist_ok=True)
    root = target.resolve()
    try:
        with zipfile.ZipFile(archive) as source:
            for info in source.infolist():
                _extract(source, info, root)
    except zipfile.BadZipFile as error:
        raise BuildError("CLIENT_ERROR", f"the source is not a zip archive: {error}") from error


def _extract(source: zipfile.ZipFile, info: zipfile.ZipInfo, root: Path) -> None:
    path = root / info.filename
    # The parent is resolved each time: an earlier entry may have been a link to elsewhere.
    if not _inside(path.parent, root) or ".." in PurePosixPath(info.filename).parts:
        raise BuildError("CLIENT_ERROR", f"the source archive leaves its folder: {info.filename}")
    mode = info.external_attr >> 16
    if info.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if stat.S_ISLNK(mode):
        link = source.read(info).decode()
        if not _inside(path.parent / link, root):
            raise BuildError("CLIENT_ERROR", f"a link leaves the source: {info.filename} -> {link}")
        path.symlink_to(link)
        return
    path.write_bytes(source.read(info))
    path.chmod(stat.S_IMODE(mode) & 0o777 or 0o644)


def _inside(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root)


def download(s3: Any, location: str, target: Path, version: str | None = None) -> None:
    """Fetches `bucket/key` (or its ARN). Raises `BuildError` with S3's reason."""
    bucket, _, key = location.removeprefix("arn:aws:s3:::").partition("/")
    request = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
    try:
        body = s3.get_object(**request)["Body"]
        with target.open("wb") as output:
            for chunk in body.iter_chunks(1 << 20):
                output.write(chunk)
    except ClientError as error:
        message = f"error while downloading key {key} from {bucket}: {error}"
        raise BuildError("CLIENT_ERROR", message) from error


def upload(s3: Any, archive: Path, settings: dict[str, Any], encryption_key: str) -> dict[str, Any]:
    """Puts an artifact where `settings` (API reference, ProjectArtifacts) say; its record."""
    bucket = settings["location"].removeprefix("arn:aws:s3:::")
    key = "/".join(filter(None, (settings.get(k, "").strip("/") for k in ("path", "name"))))
    body = archive.read_bytes()
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, **_encryption(settings, encryption_key))
    except ClientError as error:
        message = f"error while uploading the artifact to {bucket}/{key}: {error}"
        raise BuildError("CLIENT_ERROR", message) from error
    record = {
        "location": f"arn:aws:s3:::{bucket}/{key}",
        "sha256sum": hashlib.sha256(body).hexdigest(),
        "md5sum": hashlib.md5(body, usedforsecurity=False).hexdigest(),
        "encryptionDisabled": bool(settings.get("encryptionDisabled", False)),
    }
    identifier = settings.get("artifactIdentifier")
    return record | ({"artifactIdentifier": identifier} if identifier else {})


def _encryption(settings: dict[str, Any], key: str) -> dict[str, str]:
    # Without a key of its own a project uses S3's managed one, which the emulator does not have.
    if settings.get("encryptionDisabled") or not key or key.endswith(_DEFAULT_KEY):
        return {}
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
