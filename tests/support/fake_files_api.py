"""A files API and its S3 on this machine, which behave well or badly as asked.

S3 holds a form to what was announced; what the form says is taken as it is, and no signature is
looked at. A file is not really processed: its results are made here.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import MIMEPart
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from integ import photo
from tests.support.fake_service import Call, FakeService, Json, Reply

COMMIT = "4f2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e"
SIGNATURE = "5e" * 32
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE"
SUFFIXES = (".jpg", ".png", ".csv", ".json")
LARGEST = 10**9


@dataclass
class FakeFilesApi(FakeService):
    """Set a fault before the suite runs. result: changes a result's content, by its name."""

    looks_until_final: int = 2
    final_status: str = ""
    reason: str = "not-jpeg-or-png"
    keeps_results_of_poison: bool = False
    result: Callable[[str, bytes], bytes | None] = lambda _name, content: content
    link_is_stale: bool = False
    disposition: str = "attachment; filename=result"
    takes_any_size: bool = False
    takes_any_field: bool = False
    takes_any_announcement: bool = False
    forgets_keys: bool = False
    takes_any_body_for_a_key: bool = False
    lists_oldest_first: bool = False
    lists_nothing: bool = False
    health: str = "ok"
    commit: str = COMMIT
    finds_unknown_files: bool = False
    answers_without_form: bool = False
    files: dict[str, Json] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    results: dict[str, dict[str, bytes]] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)

    def answer(self, call: Call) -> Reply:
        url = urlsplit(call.path)
        if url.path == "/v1/s3/uploads":
            return self._take(call)
        if url.path.startswith("/v1/s3/results/"):
            return self._give(*url.path.split("/")[-2:])
        return self.refusal(call) or self._answer_signed(call, url.path, parse_qs(url.query))

    def _answer_signed(self, call: Call, path: str, query: dict[str, list[str]]) -> Reply:
        if call.method == "POST":
            return self._announce(call)
        if path == "/v1/status":
            status = {"status": self.health, "environment": "dev", "commit": self.commit}
            return 200, "application/json", status
        if path == "/v1/files":
            return self._list(int(query.get("limit", ["20"])[0]))
        return self._look_up(path.rpartition("/")[2])

    def _announce(self, call: Call) -> Reply:
        said = json.loads(call.body)
        if problem := self._wrong_with(said):
            return self.problem(*problem)
        key, file_id = call.headers.get("idempotency-key"), str(uuid4())
        if key and not self.forgets_keys:
            first, file_id = self.keys.setdefault(key, (call.body, file_id))
            if first != call.body and not self.takes_any_body_for_a_key:
                return self.problem(409, "The key belongs to another body")
        moment = f"2026-11-26T00:00:{len(self.files):06.3f}+00:00"
        self.files.setdefault(file_id, {**said, "file_id": file_id, "announced_at": moment})
        fields = {
            "key": f"uploads/{file_id}/{said['filename']}",
            "Content-Type": said["content_type"],
            "policy": base64.b64encode(file_id.encode()).decode(),
            "x-amz-security-token": TOKEN,
            "x-amz-signature": SIGNATURE,
        }
        form = {"method": "POST", "url": f"{self.url}s3/uploads", "fields": fields}
        answer: Json = {"file_id": file_id, "upload": form}
        return 201, "application/json", {} if self.answers_without_form else answer

    def _wrong_with(self, said: Mapping[str, object]) -> tuple[int, str] | None:
        if self.takes_any_announcement:
            return None
        name, size = str(said["filename"]), said["size"]
        if re.search(r"[/\x00-\x1f]", name) or not isinstance(size, int) or size < 1:
            return 400, "The file cannot be announced like this"
        if size > LARGEST:
            return 413, "The file is larger than what is processed"
        if not name.lower().endswith(SUFFIXES) or "html" in str(said["content_type"]):
            return 422, "Files of this type are not processed"
        return None

    def _take(self, call: Call) -> Reply:
        """A browser's upload: the form's fields, then the file."""
        sent = _form(call)
        file_id = base64.b64decode(sent["policy"]).decode()
        file = self.files[file_id]
        expected = f"uploads/{file_id}/{file['filename']}", file["content_type"]
        got = sent["key"].decode(), sent["Content-Type"].decode()
        if expected != got and not self.takes_any_field:
            return 403, "application/xml", "<Error><Code>AccessDenied</Code></Error>"
        if len(sent["file"]) != file["size"] and not self.takes_any_size:
            return 400, "application/xml", "<Error><Code>EntityTooLarge</Code></Error>"
        self.uploads[file_id] = sent["file"]
        return 204, "", b""

    def _look_up(self, file_id: str) -> Reply:
        file = self.files.get(file_id)
        if file is None and not self.finds_unknown_files:
            return self.problem(404, "No file has this id")
        answer: Json = {**(file or {}), "status": "announced", "results": []}
        if file_id in self.uploads:
            self.looks[file_id] = self.looks.get(file_id, 0) + 1
            answer["status"] = "processing"
            if self.looks[file_id] >= self.looks_until_final:
                answer |= self._outcome(file_id, str(answer["filename"]))
        return 200, "application/json", answer

    def _outcome(self, file_id: str, name: str) -> Json:
        content = self.uploads[file_id]
        rejected = name.lower().endswith(".jpg") and not content.startswith(b"\xff\xd8")
        status = self.final_status or ("rejected" if rejected else "processed")
        made = {} if rejected and not self.keeps_results_of_poison else _made(name, content)
        changed = {each: self.result(each, body) for each, body in made.items()}
        self.results[file_id] = {each: body for each, body in changed.items() if body is not None}
        reason = {"reason": self.reason} if rejected else {}
        results = [self._described(file_id, *each) for each in self.results[file_id].items()]
        return {"status": status, **reason, "results": results}

    def _described(self, file_id: str, name: str, content: bytes) -> Json:
        query = f"X-Amz-Security-Token={TOKEN}&X-Amz-Signature={SIGNATURE}"
        return {
            "name": name,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "url": f"{self.url}s3/results/{file_id}/{name}?{query}",
        }

    def _give(self, file_id: str, name: str) -> Reply:
        content = b"of yesterday" if self.link_is_stale else self.results[file_id][name]
        return 200, "application/octet-stream", content, self.disposition

    def _list(self, limit: int) -> Reply:
        files = [] if self.lists_nothing else list(self.files.values())
        shown = files if self.lists_oldest_first else files[::-1]
        return 200, "application/json", {"files": shown[:limit]}


def _form(call: Call) -> dict[str, bytes]:
    """The parts of a multipart form, by name."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    whole = BytesParser(policy=HTTP).parsebytes(head + call.body)
    return {_name(part): _content(part) for part in whole.iter_parts()}


def _name(part: MIMEPart) -> str:
    return str(part.get_param("name", header="content-disposition"))


def _content(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _made(name: str, content: bytes) -> dict[str, bytes]:
    """Results as the service would name them."""
    if name.lower().endswith(".csv"):
        return _made_of_table(content)
    sizes = {"small": 256, "large": 800}
    document = {"derivatives": [{"name": each} for each in sizes]}
    return {
        f"{each}.jpg": photo.photo(width=longest // 2, height=longest, about=False)
        for each, longest in sizes.items()
    } | {"metadata.json": json.dumps(document).encode()}


def _made_of_table(content: bytes) -> dict[str, bytes]:
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    header, *rows = csv.reader(text, delimiter=";")
    good = [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]
    typed = [{**row, "price": float(row["price"]), "note": row["note"] or None} for row in good]
    profile = {"rows": len(good), "rejected_rows": len(rows) - len(good)}
    return {
        "rows.jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in typed),
        "table.parquet": b"PAR1",
        "bad-rows.csv": b'"line","problem"\r\n"5","2 fields instead of 4"\r\n',
        "profile.json": json.dumps(profile).encode(),
    }
