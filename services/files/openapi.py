"""The file API as an OpenAPI 3.1 document, made from the code that answers.

Limits, patterns, problem types, statuses and the error examples come from the runtime package and
the constructs; only the prose stands here and in `schemas.py`. A test holds the document against
real answers. `python -m stages.openapi` writes it to docs/openapi/files.json.
"""

from __future__ import annotations

from services.common.infrastructure.api import THROTTLING_BURST, THROTTLING_RATE
from services.common.packaging import openapi
from services.common.packaging.openapi import Json, ref
from services.common.runtime.idempotency import (
    IDEMPOTENCY_HEADER,
    IDEMPOTENCY_KEY,
    REPLAYED_HEADER,
    KeyReusedError,
)
from services.common.runtime.problems import (
    BodyTooLargeError,
    InternalError,
    InvalidHeaderError,
    NotFoundError,
    ProblemError,
    UnavailableError,
    UnsupportedMediaTypeError,
)
from services.common.runtime.strict_json import parse_object
from services.files import schemas
from services.files.options import DEFAULTS, MIB
from services.files.runtime.api.announcement import parse
from services.files.runtime.api.api import MAX_BODY_BYTES
from services.files.runtime.api.parameters import DEFAULT_LIMIT, MAX_LIMIT
from services.files.runtime.api.problems import InvalidParameterError
from services.files.runtime.catalogue.kinds import SUFFIXES, Kind
from services.files.runtime.catalogue.models import UPLOAD_WAIT, Status
from services.files.service import SERVICE

_MAX_BYTES = {Kind.IMAGE: DEFAULTS.max_image_bytes, Kind.TABLE: DEFAULTS.max_table_bytes}

_ABOUT = f"""
Takes pictures and tables in, makes other files of each, and tells the story of every upload.

**Three steps.** Announce a file with `POST /files`; send it to S3 with the form of the answer,
within {DEFAULTS.link_minutes} minutes; ask `GET /files/{{file_id}}` until `status` is `processed`
or `rejected`. The results are there to download, by links that are valid for
{DEFAULTS.link_minutes} minutes; ask again for fresh ones.

**What is taken.** Names that end in {", ".join(SUFFIXES)}, in whatever case; pictures of at most
{DEFAULTS.max_image_bytes // MIB} MiB, tables of at most {DEFAULTS.max_table_bytes // MIB} MiB. What
counts is a file's content: a page that is called a picture is rejected.

**Repeat safely.** Send an `Idempotency-Key` of your own with every POST. When no answer reaches
you, or a 5xx does, send the same body with the same key again: it is the same file, with a fresh
form.

**Limits.** {THROTTLING_RATE:,} calls a second with bursts of {THROTTLING_BURST:,}, for all callers
together.
"""

_ANNOUNCE = f"""
Nothing is uploaded yet: the answer has a form that S3 takes for this very file, with its key, size,
content type and, if announced, digest. Send its fields and then the file, as a part named `file`,
as `multipart/form-data`; S3 answers 204. A file that is not uploaded within
{UPLOAD_WAIT.days} days is forgotten.
"""

_LIST = """
Newest first. A page may have fewer files than `limit`, even none, although there are more: what is
there to follow, `next_cursor` says. Files announced a moment ago may be missing.
"""


def document() -> Json:
    """The whole document, as plain data."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Files API",
            "version": "1.0.0",
            "summary": "Takes files in and tells what was made of them",
            "description": openapi.prose(_ABOUT),
        },
        "servers": openapi.servers(SERVICE.url_output),
        "security": [{"iam": []}],
        "tags": [
            {"name": "files", "description": "Files and what was made of them"},
            {"name": "service", "description": "The service itself"},
        ],
        "paths": {
            "/files": {"get": _list(), "post": _announce()},
            "/files/{file_id}": {"get": _look_up()},
            "/status": {"get": _status()},
        },
        "components": {
            "securitySchemes": {"iam": openapi.signed_calls()},
            "parameters": _parameters(),
            "headers": openapi.answer_headers(
                "There if an earlier call with the same key had announced the file"
            ),
            "schemas": {
                **schemas.schemas(),
                "Problem": openapi.problem_schema(),
                "GatewayProblem": openapi.gateway_problem_schema(),
                **openapi.problem_schemas(_kinds()),
            },
        },
    }


def _announce() -> Json:
    return {
        "operationId": "announceFile",
        "tags": ["files"],
        "summary": "Announce a file, and get the form to upload it with",
        "description": openapi.prose(_ANNOUNCE),
        "parameters": [ref("parameters", "IdempotencyKey")],
        "requestBody": {
            "required": True,
            "description": f"At most {MAX_BODY_BYTES:,} bytes of JSON.",
            "content": {
                "application/json": {
                    "schema": ref("schemas", "Announcement"),
                    "example": schemas.ANNOUNCEMENT,
                }
            },
        },
        "responses": {
            "201": openapi.answer(
                "The file is announced, now or by an earlier call with the same key.",
                "Announced",
                schemas.ANNOUNCED,
                {REPLAYED_HEADER: ref("headers", REPLAYED_HEADER)},
            ),
            **openapi.problem_responses(_announce_examples(), openapi.common_headers()),
        },
    }


def _list() -> Json:
    names = ("Limit", "Cursor", "StatusFilter", "KindFilter")
    return {
        "operationId": "listFiles",
        "tags": ["files"],
        "summary": "List files, newest first",
        "description": openapi.prose(_LIST),
        "parameters": [ref("parameters", name) for name in names],
        "responses": {
            "200": openapi.answer("A page of files.", "Files", schemas.FILES, {}),
            **openapi.problem_responses(_list_examples(), openapi.common_headers()),
        },
    }


def _look_up() -> Json:
    return {
        "operationId": "getFile",
        "tags": ["files"],
        "summary": "See what became of a file",
        "description": (
            "As of now. A file that was uploaded more than once has as many versions; `status`, "
            "`reason` and `results` are those of the newest."
        ),
        "parameters": [ref("parameters", "FileId")],
        "responses": {
            "200": openapi.answer("The file, its versions and results.", "File", schemas.FILE, {}),
            **openapi.problem_responses(_look_up_examples(), openapi.common_headers()),
        },
    }


def _status() -> Json:
    return {
        "operationId": "getStatus",
        "tags": ["service"],
        "summary": "See how the service is",
        "description": "Asks everything that the service depends on, each for three seconds.",
        "responses": {
            "200": openapi.answer("The service answers.", "Status", schemas.STATUS, {}),
            **openapi.problem_responses([InternalError()], openapi.common_headers()),
        },
    }


def _parameters() -> Json:
    return {
        "IdempotencyKey": {
            "name": IDEMPOTENCY_HEADER,
            "in": "header",
            "required": False,
            "description": (
                "Your name for this file: 1 to 255 visible ASCII characters, such as a UUID. It "
                "belongs to you alone; all sessions of one role share theirs. The same key with "
                "the same body is the same file, with another body a 409."
            ),
            "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY.pattern}$"},
            "example": "holiday-2026-04711",
        },
        "FileId": {
            "name": "file_id",
            "in": "path",
            "required": True,
            "description": "As the announcement's answer gave it",
            "schema": {"type": "string", "format": "uuid"},
            "example": schemas.ID,
        },
        "Limit": _query(
            "limit",
            "How many files at most",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        ),
        "Cursor": _query(
            "cursor", "Where to go on: `next_cursor` of an earlier answer", {"type": "string"}
        ),
        "StatusFilter": _query("status", "Only these", {"enum": [each.value for each in Status]}),
        "KindFilter": _query("kind", "Only these", {"enum": [each.value for each in Kind]}),
    }


def _query(name: str, description: str, schema: Json) -> Json:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _announce_examples() -> list[ProblemError]:
    return [
        _of_body(b'{"filename":}'),
        InvalidHeaderError(f"{IDEMPOTENCY_HEADER} takes 1 to 255 visible ASCII characters"),
        _of_announcement(filename="a/b.csv", size=0),
        KeyReusedError("Use a new key for a new file"),
        BodyTooLargeError(f"At most {MAX_BODY_BYTES} bytes are accepted"),
        _of_announcement(size=10**10),
        UnsupportedMediaTypeError("Send Content-Type: application/json, in UTF-8"),
        _of_announcement(filename="program.exe"),
        InternalError(),
        UnavailableError(),
    ]


def _list_examples() -> list[ProblemError]:
    wrong = InvalidParameterError(f"limit must be a whole number from 1 to {MAX_LIMIT}")
    return [wrong, InternalError(), UnavailableError()]


def _look_up_examples() -> list[ProblemError]:
    return [NotFoundError("No file has this id"), InternalError(), UnavailableError()]


def _of_body(body: bytes) -> ProblemError:
    """The problem that a body really meets."""
    try:
        parse_object(body)
    except ProblemError as problem:
        return problem
    raise AssertionError(f"{body!r} is fine")


def _of_announcement(**members: object) -> ProblemError:
    """The problem that an announcement really meets. members: what is other than in the example."""
    try:
        parse({**schemas.ANNOUNCEMENT, **members}, _MAX_BYTES)
    except ProblemError as problem:
        return problem
    raise AssertionError(f"{members} is fine")


def _kinds() -> list[type[ProblemError]]:
    """Every kind of problem that an operation answers with, by status."""
    examples = [*_announce_examples(), *_list_examples(), *_look_up_examples()]
    return sorted({type(each) for each in examples}, key=lambda kind: (kind.status, kind.slug))
