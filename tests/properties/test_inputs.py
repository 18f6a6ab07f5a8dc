"""Bad inputs are refused with nothing written; tricky good ones are stored to the byte.

Proved for the function. What API Gateway makes of an odd request before the function sees it is the
rehearsal's to show.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.runtime.strict_json import MAX_DEPTH
from tests.properties.bad_inputs import corpus
from tests.support.cloud.account import Cloud
from tests.support.cloud.simulation import Simulation
from tests.support.request_service import MAX_BODY_BYTES, deploy, post

CORPUS = corpus()


def _ask(event: dict[str, Any]) -> tuple[Any, Cloud]:
    """The response, and the cloud after it and the workflow, if one was started."""
    simulation = Simulation(1)
    cloud, service = deploy(simulation)
    response = simulation.spawn(lambda: service.call(event))
    simulation.run()
    return response.result(), cloud


def test_the_corpus_is_large_and_has_no_double() -> None:
    assert len(CORPUS) >= 500
    assert len({json.dumps(event) for _, event in CORPUS}) > 0.98 * len(CORPUS)


@pytest.mark.parametrize("event", [event for _, event in CORPUS], ids=[name for name, _ in CORPUS])
def test_a_bad_input_is_refused_and_nothing_is_written(event: dict[str, Any]) -> None:
    response, cloud = _ask(event)
    assert 400 <= response["statusCode"] < 500, response
    assert response["headers"]["Content-Type"] == "application/problem+json"
    problem = json.loads(response["body"])
    assert problem["status"] == response["statusCode"]
    assert problem["type"].startswith("urn:tap:problem:")
    assert problem["detail"]
    _assert_untouched(cloud)


def _assert_untouched(cloud: Cloud) -> None:
    assert not cloud.table.items
    assert not cloud.bucket.objects
    assert not cloud.machine.by_name
    assert all(operation == "get_item" for _, operation in cloud.calls)


GOOD_BODIES = [
    b"{}",
    b" \t\r\n{ \n } \n\n",
    b'{"":""}',
    b'{"a":1}\n',
    b'{"b":2,"a":1}',
    b'{"a":1.50, "b":1.5, "c":15e-1}',
    b'{"n":[0,-0,-0.0,0e0,0E-0,1E5,1e+5,5e-324,1e-999,1.7976931348623157e308]}',
    b'{"n":123456789012345678901234567890}',
    b'{"n":' + b"9" * 308 + b"}",
    b'{"n":-' + b"9" * 308 + b"}",
    b'{"n":0.' + b"1" * 5000 + b"}",
    b'{"s":"\\u0000"}',
    b'{"s":"\x7f"}',
    b'{"s":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0020"}',
    b'{"s":"\\ud83d\\ude00"}',
    b'{"s":"\\uD83D\\uDE00 \\ud83d\\uDE00"}',
    b'{"s":"\\\\ud800"}',
    b'{"s":"\\\\\\\\ud800"}',
    b'{"s":"\\\\uD800 is no escape"}',
    b'{"s":"\\uffff\\ufffe\\ufeff"}',
    '{"s":"\ufeff"}'.encode(),
    '{"s":"\u2028\u2029\u0085\u00a0"}'.encode(),
    '{"s":"😀👩‍👩‍👧 ü 漢 \U0010ffff"}'.encode(),
    '{"\u00e9":1,"e\u0301":2}'.encode(),
    b'{"a":1,"A":2,"a ":3}',
    b'{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
    b'{"__proto__":{"constructor":{"prototype":1}}}',
    b'{"true":true,"null":null,"NaN":"NaN","1e999":"1e999"}',
    b'{"s":"{\\"a\\":1,\\"a\\":2}"}',
    b'{"s":"/* no comment */ // none either"}',
    b'{"s":"<script>alert(1)</script>"}',
    b'{"s":"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80"}',
    b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}",
    b'{"a":' * (MAX_DEPTH - 1) + b"{}" + b"}" * (MAX_DEPTH - 1),
    b'{"s":"' + b"[" * 1000 + b'"}',
    b'{"a":[' + b"[]," * 2000 + b"[]]}",
    b'{"s":"' + b"x" * (MAX_BODY_BYTES - 8) + b'"}',
    b"{}" + b" " * (MAX_BODY_BYTES - 2),
    ('{"s":"' + "ü" * ((MAX_BODY_BYTES - 8) // 2) + '"}').encode(),
]


@pytest.mark.parametrize("is_base64", [False, True])
@pytest.mark.parametrize("body", GOOD_BODIES, ids=lambda body: repr(body[:30]))
def test_a_tricky_good_body_is_stored_to_the_byte(body: bytes, is_base64: bool) -> None:
    event = post(body)
    if is_base64:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    response, cloud = _ask(event)
    assert response["statusCode"] == 200, response
    assert [stored.body for stored in cloud.bucket.objects.values()] == [body]
    (item,) = cloud.table.items.values()
    assert item["status"] == {"S": "completed"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        " application/json ",
        "application/json;",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json ; charset=utf-8",
    ],
)
@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_spellings_of_the_content_type_are_understood(name: str, content_type: str) -> None:
    event = post(b"{}") | {"multiValueHeaders": {name: [content_type]}}
    assert _ask(event)[0]["statusCode"] == 200


@pytest.mark.parametrize("key", ["!", "~", "x" * 255, "a:b/c?d#e%20", '"quoted"', "{}", "\\", "0"])
def test_every_visible_ascii_text_is_a_key(key: str) -> None:
    assert _ask(post(b"{}", key))[0]["statusCode"] == 200


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=40)
    | st.text(alphabet='{}[]",:\\u0123dDcCeE.+- \nabNIt', max_size=40).map(
        lambda text: ('{"a":' + text).encode()
    )
)
def test_any_bytes_are_either_refused_or_stored_as_they_are(body: bytes) -> None:
    response, cloud = _ask(post(body))
    if response["statusCode"] == 200:
        assert isinstance(json.loads(body), dict)
        assert [stored.body for stored in cloud.bucket.objects.values()] == [body]
    else:
        assert 400 <= response["statusCode"] < 500
        _assert_untouched(cloud)
