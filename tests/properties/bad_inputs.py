"""The corpus of inputs that must be refused: hand-picked ones, and families of them.

Each is a name and a proxy event. Families are only such that every member is wrong by construction:
a prefix of an object is no object, whatever stands after one is too much.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from tests.support.request_service import MAX_BODY_BYTES, get, post

Case = tuple[str, dict[str, Any]]

_VALID = b'{"a": [1, -2.5e3, true, null, "\\u00fc\xc3\xbc"], "b": {"c": {}}}'

_NOT_OBJECTS = r"""[] [{}] "text" "{}" 0 -1 1.5 true false null [1,2] "" [[]] -0 1e5"""

_SYNTAX = [
    r"{",
    r"}",
    r"{]",
    r"[}",
    r"{{}}",
    r"{}}",
    r"{}{}",
    r"{},{}",
    r"{},",
    r",{}",
    r'{"a"}',
    r'{"a":}',
    r"{:1}",
    r'{"a"::1}',
    r'{"a"',
    r"1}",
    r'{"a",1}',
    r'{"a"=1}',
    r'{"a":1,}',
    r'{,"a":1}',
    r"{,}",
    r'{"a":1,,"b":2}',
    r'{"a":1;"b":2}',
    r'{"a":1"b":2}',
    r"{a:1}",
    r"{'a':1}",
    r"""{"a":'b'}""",
    r"{1:2}",
    r"{null:1}",
    r"{true:1}",
    r"{[]:1}",
    r"{{}:1}",
    r'{"a":undefined}',
    r'{"a":True}',
    r'{"a":False}',
    r'{"a":None}',
    r'{"a":nil}',
    r'{"a":TRUE}',
    r'{"a":nul}',
    r'{"a":truee}',
    r'{"a":nullx}',
    r'{"a":[1,]}',
    r'{"a":[,1]}',
    r'{"a":[1,,2]}',
    r'{"a":[,]}',
    r'{"a":[1}',
    r'{"a":(1)}',
    r'{"a":[1}]',
    r'{"a":/**/1}',
    r'{"a":1}//x',
    r'{"a":1}/**/',
    r'{"a":1}#x',
    r"#{}",
    r"<!---->{}",
    r'{"a":`b`}',
    r'{"a":"b}',
    r'{"a:"b"}',
    r'{"a":b"}',
    r'{a":1}',
    r'{"a":"\x41"}',
    r'{"a":"\0"}',
    r'{"a":"\a"}',
    r'{"a":"\v"}',
    r"""{"a":"\'"}""",
    r'{"a":"\u12"}',
    r'{"a":"\u12G4"}',
    r'{"a":"\U0001F600"}',
    r'{"a":"\u{41}"}',
    r'{"a":"\"}',
    r'{"a":"\\\"}',
    r'{"a":"\u"}',
    r'{"a":"\uD83D\"}',
    r'{"a":"\u+123"}',
    r'{"a":"\u-123"}',
    r'{"a":"\u',
    r'123"}',
    r'{"a":"\u1_23"}',
    r'{"a":1:2}',
    r'{"a":"b":"c"}',
    r'{"a":1}{"b":2}',
    r'{"a":1}x',
    r'{"a":1}null',
    r'{"a":1}0',
    r'{"a":1}]',
    r'{"a":1}}',
    r'{"a":...}',
    r"{...}",
    r'{"a":@1}',
    r'{"a":$b}',
    r"${}",
    r'{"a":*}',
    r"*",
    r"&",
    r"~",
    r'{"a":<b>}',
    r"<a/>",
    r"a=1&b=2",
    r"---",
    r"a:1",
    r'{"a"}:1',
    r'{"$where":}',
    r'{"a":function(){}}',
    r'{"a":new}',
    r"new",
    r'{"a":0/0}',
    r'{"a":1/2}',
    r'{"a":1+1}',
    r"({})",
    r"(function(){})",
    r")]}',{}",
]

_NUMBERS = [
    "NaN",
    "-NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "+Infinity",
    "infinity",
    "inf",
    "-inf",
    "1e999",
    "-1e999",
    "1E+400",
    "1e309",
    "-1e309",
    "1.8e308",
    "01",
    "-01",
    "00",
    "-00",
    "0123",
    "1.",
    "-1.",
    ".5",
    "-.5",
    ".",
    "-",
    "+",
    "+1",
    "-+1",
    "--1",
    "++1",
    "1e",
    "1e+",
    "1e-",
    "1E",
    "1.e1",
    ".e1",
    "e1",
    "1e1.5",
    "1e1e1",
    "1.2.3",
    "1,5",
    "0x10",
    "0X1F",
    "0b1",
    "0o7",
    "1_000",
    "1n",
    "1f",
    "1d",
    "1L",
    "1'000",
    "１",
    "١",
    "½",
    "²",
    "1e٣",
    "-١",
    "1/2",
    "0.",
    "-0.",
    "0e",
    "00.5",
    "0.1.2",
    "$1",
    "1%",
    "#1",
    "∞",
    "𝟏",
]

_DUPLICATES = [
    '{"a":1,"a":1}',
    '{"a":1,"a":2}',
    '{"a":1,"b":2,"a":3}',
    '{"a":1,"\\u0061":2}',
    '{"\\u0061":1,"\\u0061":2}',
    '{"":1,"":2}',
    '{"b":{"a":1,"a":2}}',
    '{"b":[{"a":1,"a":2}]}',
    '{"b":[[[{"a":{},"a":{}}]]]}',
    '{"ü":1,"\\u00fc":2}',
    '{"ü":1,"\\u00FC":2}',
    '{"/":1,"\\/":2}',
    '{"\\n":1,"\\u000a":2}',
    '{"😀":1,"\\ud83d\\ude00":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"a":null,"a":null}',
    '{"a":{"b":1},"c":2,"a":{"b":1}}',
    '{ "a" : 1 , "a" : 2 }',
]

_SURROGATES = [
    "\\ud800",
    "\\uD800",
    "\\udbff",
    "\\udc00",
    "\\uDFFF",
    "\\ud800\\ud800",
    "\\udc00\\ud800",
    "\\ud83d",
    "\\ud83dx",
    "\\ud83d\\n\\ude00",
    "x\\ude00",
    "\\ud83d\\ude00\\ud83d",
    "\\ud83d\\ud83d\\ude00",
    "\\ude00\\ud83d\\ude00",
    "\\\\\\ud800",
    "\\ud83d\\\\ude00",
    "\\ud83d\\u0041",
    "\\uDBFF\\uD800",
]

_NOT_UTF8 = [
    b"\x80",
    b"\xbf",
    b"\xff",
    b"\xfe",
    b"\xc0\x80",
    b"\xc1\xbf",
    b"\xc3",
    b"\xc3\x28",
    b"\xe2\x82",
    b"\xe2\x28\xa1",
    b"\xe0\x80\x80",
    b"\xe0\x9f\xbf",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xf0\x9f\x98",
    b"\xf0\x80\x80\x80",
    b"\xf0\x28\x8c\xbc",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xe4",  # ä in latin-1
    b"\x93\x94",  # quotes in windows-1252
    b"\x82\xa0",  # あ in Shift JIS
]

_MEDIA_TYPES = [
    None,
    "",
    " ",
    ";",
    "json",
    "text/json",
    "text/plain",
    "text/html",
    "text/x-json",
    "application",
    "application/",
    "/json",
    "application/jsonp",
    "application/json5",
    "application/jsonl",
    "application/json-seq",
    "application/x-json",
    "application/ld+json",
    "application/problem+json",
    "application/vnd.api+json",
    "application/merge-patch+json",
    "application/x-ndjson",
    "application/x-amz-json-1.0",
    "application/javascript",
    "application/xml",
    "application/cbor",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/*",
    "*/*",
    "application /json",
    "application/ json",
    "application\\json",
    "application/json/",
    "application/json charset=utf-8",
    "application/json, text/plain",
    "text/plain, application/json",
    "application/json,application/json",
    "text/plain; application/json",
    "application/json; charset=latin-1",
    "application/json; charset=iso-8859-1",
    "application/json; charset=utf-16",
    "application/json; charset=utf-16le",
    "application/json; charset=utf-32",
    "application/json; charset=us-ascii",
    "application/json; charset=utf-7",
    "application/json; charset=utf8mb4",
    "application/json; charset=",
    "application/json; charset=utf-8; charset=utf-16",
    "application/json; charset=utf-8 utf-16",
    "application/json\x00",
    "application/json\u200b",
    "аpplication/json",  # the first letter is Cyrillic
    "\ufeffapplication/json",
    "'application/json'",
    '"application/json"',
    "undefined",
    "null",
]

_KEYS = [
    "",
    " ",
    "a b",
    " a",
    "a ",
    "x" * 256,
    "x" * 10_000,
    "ü",
    "é",
    "key-\u200b",
    "ключ",
    "鍵",
    "😀",
    "a\u00a0b",
    "\ufeffk",
    "k\u2028",
    "\ud800",
    "a\r\nX-Injected: 1",
    *(f"a{chr(code)}b" for code in (*range(0x20), 0x7F, *range(0x80, 0xA1))),
]

_IDS = [
    "nope",
    "0",
    "-1",
    "null",
    "undefined",
    "%00",
    "\x00",
    ".",
    "..",
    "../rows",
    "..%2Frows",
    "*",
    "'",
    "' OR '1'='1",
    '{"S":"x"}',
    "$ne",
    "<script>",
    "A" * 36,
    "A" * 3000,
    "0" * 32,
    "00000000-0000-0000-0000-00000000000",
    "00000000-0000-0000-0000-0000000000000",
    "00000000-0000-4000-8000-00000000000G",
    "00000000000040008000000000000000",
    "{00000000-0000-4000-8000-000000000000}",
    "urn:uuid:00000000-0000-4000-8000-000000000000",
    "00000000-0000-4000-8000-000000000000 ",
    " 00000000-0000-4000-8000-000000000000",
    "00000000-0000-4000-8000-000000000000\n",
    "ABCDEF00-0000-4000-8000-000000000000",
    "００000000-0000-4000-8000-000000000000",  # full-width digits
    "requests/00000000-0000-4000-8000-000000000000.json",
    "5a1c9f0e-8e0b-4b69-8a51-3f5a55cf8f3e",  # well-formed: nobody has it
]


def corpus() -> list[Case]:
    """All cases; names are unique."""
    families = {
        "not an object": [post(text.encode()) for text in [*_NOT_OBJECTS.split(), "", " ", "\n"]],
        "syntax": [post(text.encode()) for text in _SYNTAX],
        "number": [post(f'{{"a":{number}}}'.encode()) for number in _NUMBERS],
        "number in a list": [
            post(f'{{"a":[1,{number}]}}'.encode()) for number in _NUMBERS if "," not in number
        ],
        "long integer": [post(f'{{"a":{"1" * n}}}'.encode()) for n in (310, 4301, 20_000)],
        "repeated name": [post(text.encode()) for text in _DUPLICATES],
        "lone surrogate": [post(f'{{"a":"{text}"}}'.encode()) for text in _SURROGATES],
        "lone surrogate in a name": [post(f'{{"{text}":1}}'.encode()) for text in _SURROGATES],
        "not UTF-8": [post(b'{"a":"' + text + b'"}') for text in _NOT_UTF8],
        "not UTF-8 outside": [post(text + b"{}") for text in _NOT_UTF8],
        "other encoding": list(_other_encodings()),
        "control character": [post(b'{"a":"%c"}' % code) for code in range(0x20)],
        "strange space": [post(f"{{{space}}}".encode()) for space in "\v\f\0\x1c\u00a0\u2003\u2028"]
        + [post(f"{space}{{}}".encode()) for space in "\v\f\0\x85\u3000\ufeff\u200b"],
        "nesting": list(_too_deep()),
        "cut off": [post(_VALID[:length]) for length in range(len(_VALID))],
        "trailing data": [post(_VALID + bytes([code])) for code in b'{}[]",:0aN/\\\0\x0b\x0c\x7f'],
        "too large": list(_too_large()),
        "base64": list(_broken_base64()),
        "no body": [_without_body(), _without_body() | {"isBase64Encoded": True}],
        "content type": [_with_header("Content-Type", text) for text in _MEDIA_TYPES],
        "two content types": [
            _with_headers("Content-Type", ["application/json", other])
            for other in ("application/json", "text/plain", "")
        ],
        "idempotency key": [_with_header("Idempotency-Key", key) for key in _KEYS],
        "two idempotency keys": [
            _with_headers("Idempotency-Key", keys) for keys in (["a", "a"], ["a", "b"], ["a", ""])
        ],
        "id": [get(request_id) for request_id in _IDS],
        "route": list(_unknown_routes()),
    }
    return [
        (f"{family} {number}", event)
        for family, events in families.items()
        for number, event in enumerate(events)
    ]


def _other_encodings() -> Iterator[dict[str, Any]]:
    text = '{"a": "b"}'
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        yield _as_base64(text.encode(encoding))
    yield _as_base64(text.encode("utf-8-sig"))
    yield _as_base64(b"\xef\xbb\xbf" + text.encode("utf-8-sig"))
    yield post(("\ufeff" + text).encode())
    yield post(b'{"a": "+AGI-"')  # UTF-7


def _too_deep() -> Iterator[dict[str, Any]]:
    for depth in (64, 65, 100, 500, 999, 1000, 5000, 16_000):
        yield post(b'{"a":' + b"[" * depth + b"]" * depth + b"}")
        yield post(b'{"a":' * depth + b"{}" + b"}" * depth)
        yield post(b'{"a":' + b"[" * depth)
    yield post(b'{"a":' + b'[{"a":' * 32 + b"1" + b"}]" * 32 + b"}")


def _too_large() -> Iterator[dict[str, Any]]:
    for size in (MAX_BODY_BYTES + 1, 2 * MAX_BODY_BYTES, 50 * MAX_BODY_BYTES):
        text = b'{"a":"' + b"x" * (size - 8) + b'"}'
        yield post(text)
        yield _as_base64(text)
        yield post(b"{}" + b" " * (size - 2))
        yield post(('{"a":"' + "ü" * (size // 2) + '"}').encode())
        yield post(b"[" * size)


def _broken_base64() -> Iterator[dict[str, Any]]:
    for text in (
        "!",
        "e30",
        "e30==",
        "e30=!",
        "=e30=",
        "e3=0",
        "e30=\n",
        " e30=",
        "e3 0=",
        "e\r\n30=",
        "e",
        "e3",
        "eyJh_-",
        "eyJhIjoiPz8_In0=",  # the alphabet of URLs
        "{}",
        '{"a":1}',
        "ü",
        "\x00",
        "====",
        "e30=e30=",
        "data:application/json;base64,e30=",
        "%65%33%30%3D",
    ):
        yield post(b"") | {"body": text, "isBase64Encoded": True}


def _unknown_routes() -> Iterator[dict[str, Any]]:
    for method in (
        "GET",
        "PUT",
        "PATCH",
        "DELETE",
        "HEAD",
        "TRACE",
        "CONNECT",
        "post",
        "",
        "POST ",
    ):
        yield post(b"{}") | {"httpMethod": method}
    for method in ("POST", "PUT", "DELETE", "get"):
        yield get("5a1c9f0e-8e0b-4b69-8a51-3f5a55cf8f3e") | {"httpMethod": method}
    for resource in ("", "//", "/requests", "/requests/", "/{proxy+}", "/admin", "/..", "/%2e%2e"):
        yield post(b"{}") | {"resource": resource}
        yield get("x") | {"resource": resource}


def _as_base64(body: bytes) -> dict[str, Any]:
    return post(b"") | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _without_body() -> dict[str, Any]:
    return post(b"") | {"body": None}


def _with_header(name: str, value: str | None) -> dict[str, Any]:
    return _with_headers(name, [] if value is None else [value])


def _with_headers(name: str, values: list[str]) -> dict[str, Any]:
    event = post(b"{}")
    headers = {**event["multiValueHeaders"], name: values}
    return event | {"multiValueHeaders": headers}
