"""Forms and links as botocore signs them: what they bind, and how a download is named.

Proved with a real client made from the models that ship; nothing is sent. That S3 holds a form to
its policy is for the rehearsal.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from services.common.packaging.aws_models import REPOSITORY
from services.common.runtime.aws import client_factory
from services.files.runtime.api.announcement import Announcement
from services.files.runtime.api.links import CLIENT_CONFIG, S3Links, attachment
from services.files.runtime.api.views import download_name
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import Result

KEY = 'uploads/4f6c2a1e-95c4-4f4e-8f0f-0d7f6d1f2b11/a b+50%"ü漢.csv'
CSV = Announcement('a b+50%"ü漢.csv', Kind.TABLE, "text/csv; charset=utf-8", 1234, None)
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> S3Links:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    models = REPOSITORY / "services/files/runtime/api/aws_models"
    return S3Links(client_factory(models, CLIENT_CONFIG)("s3"), "the-uploads", "the-results")


def _policy(fields: dict[str, str]) -> dict[str, object]:
    document: dict[str, object] = json.loads(base64.b64decode(fields["policy"]))
    return document


def test_a_form_binds_bucket_key_type_and_exact_size_for_minutes(links: S3Links) -> None:
    form = links.upload(KEY, CSV)
    policy = _policy(form.fields)
    conditions = policy["conditions"]
    assert isinstance(conditions, list)
    assert {"bucket": "the-uploads"} in conditions
    assert {"key": KEY} in conditions
    assert {"Content-Type": "text/csv; charset=utf-8"} in conditions
    assert ["content-length-range", 1234, 1234] in conditions
    left = datetime.fromisoformat(str(policy["expiration"])) - datetime.now(UTC)
    assert 880 < left.total_seconds() <= 900
    assert form.url == "https://the-uploads.s3.us-west-2.amazonaws.com/"


def test_a_form_leaves_no_field_open(links: S3Links) -> None:
    form = links.upload(KEY, CSV)
    conditions = _policy(form.fields)["conditions"]
    assert isinstance(conditions, list)
    bound = {
        name: value for each in conditions if isinstance(each, dict) for name, value in each.items()
    }
    free = form.fields.keys() - bound.keys()
    assert free == {"policy", "x-amz-signature"}
    assert all(form.fields[name] == bound[name] for name in bound if name != "bucket")


def test_a_form_binds_the_checksum_that_was_announced(links: S3Links) -> None:
    summed = Announcement("a.csv", Kind.TABLE, "text/csv", 4, DIGEST)
    form = links.upload("uploads/x/a.csv", summed)
    checksum = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
    assert form.fields["x-amz-checksum-sha256"] == checksum
    assert form.fields["x-amz-checksum-algorithm"] == "SHA256"
    assert {"x-amz-checksum-sha256": checksum} in _policy(form.fields)["conditions"]  # type: ignore[operator]


def test_forms_and_links_are_signed_with_version_4(links: S3Links) -> None:
    assert links.upload(KEY, CSV).fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    result = Result("profile.json", "results/x/y/profile.json", "application/json", 1, DIGEST)
    query = parse_qs(urlsplit(links.download(result, "a.json").url).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]


def test_a_link_is_for_one_result_and_saves_it_as_an_attachment(links: S3Links) -> None:
    result = Result("copy.csv", "results/x/a+b %/copy.csv", "text/csv", 1, DIGEST)
    url = urlsplit(links.download(result, "ü.copy.csv").url)
    assert url.netloc == "the-results.s3.us-west-2.amazonaws.com"
    assert unquote(url.path) == "/results/x/a+b %/copy.csv"
    (disposition,) = parse_qs(url.query)["response-content-disposition"]
    assert disposition == attachment("ü.copy.csv")


def test_a_link_stays_short_enough_for_s3_however_long_the_name_is(links: S3Links) -> None:
    result = Result("profile.json", f"results/{'x' * 36}/{'y' * 32}/p", "text/csv", 1, DIGEST)
    for character in ("\N{GRINNING FACE}", "%", '"'):
        name = download_name(character * 220 + ".csv", result)
        assert name.endswith(f"{character}.profile.json")
        # The rest of the 8192 bytes is for a session's token and for what browsers send.
        assert len(links.download(result, name).url) < 3000


@pytest.mark.parametrize(
    "name",
    ["a.csv", "a b.csv", 'a"b.csv', "a;b=c.csv", "100%.csv", "a'(b)*.csv", "ü漢😀.csv", "%41.csv"],
)
def test_an_attachment_keeps_every_name(name: str) -> None:
    header = Message()
    header["Content-Disposition"] = attachment(name)
    assert header.get_content_disposition() == "attachment"
    encoded = attachment(name).partition("filename*=UTF-8''")[2]
    assert unquote(encoded) == name
    assert encoded.isascii()
    assert not set(encoded) & set(" \"'();,*\\=")


def test_an_attachment_has_an_ascii_name_for_old_clients() -> None:
    assert attachment('ü "x".csv').startswith('attachment; filename="_ _x_.csv"; filename*=UTF-8')
