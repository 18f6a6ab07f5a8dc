"""Sources in, artifacts out: zip archives in S3, moved with the project's service role.

User guide: sample-multi-in-out (secondary sources and artifacts).
"""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws.codebuild.record import BuildError

_DEFAULT_KEY = "alias/aws/codebuild"


def unpack(archive: bytes, target: Path) -> None:
    """Extracts a zip with modes and links. Raises `BuildError` before anything leaves `target`."""
    target.mkdir(parents=True, exist_ok=True)
    root = target.resolve()
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as source:
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


def download(s3: Any, location: str, version: str | None = None) -> bytes:
    """Fetches `bucket/key` (or its ARN). Raises `BuildError` with S3's reason."""
    bucket, _, key = location.removeprefix("arn:aws:s3:::").partition("/")
    try:
        pinned = {"VersionId": version} if version else {}
        content: bytes = s3.get_object(Bucket=bucket, Key=key, **pinned)["Body"].read()
    except ClientError as error:
        message = f"error while downloading key {key} from {bucket}: {error}"
        raise BuildError("CLIENT_ERROR", message) from error
    return content


def upload(s3: Any, body: bytes, settings: dict[str, Any], encryption_key: str) -> dict[str, Any]:
    """Puts an artifact where `settings` (API reference, ProjectArtifacts) say; its record."""
    bucket = settings["location"].removeprefix("arn:aws:s3:::")
    key = "/".join(filter(None, (settings.get(k, "").strip("/") for k in ("path", "name"))))
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
