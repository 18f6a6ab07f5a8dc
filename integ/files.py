"""The file service as its callers use it: announce, send the form, look, download."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from integ.client import Answer, ApiClient
from integ.credentials import Signer
from integ.expectations import Expectations
from integ.patience import Patience
from integ.samples import Sample

STATES_ON_THE_WAY = ("announced", "processing")


@dataclass(frozen=True)
class Announced:
    """What lets a file be uploaded."""

    file_id: str
    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class FilesApi:
    """The service's four routes, and the steps that are made of several calls."""

    client: ApiClient
    expect: Expectations

    def announce(
        self, announcement: Mapping[str, object], signer: Signer, key: str | None = None
    ) -> Answer:
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        body = json.dumps(announcement).encode()
        return self.client.call("POST", "files", signer, headers=headers, body=body)

    def fetch(self, file_id: str, signer: Signer) -> Answer:
        return self.client.call("GET", f"files/{file_id}", signer)

    def list(self, signer: Signer, **filters: str | int) -> Answer:
        query = f"?{urlencode(filters)}" if filters else ""
        return self.client.call("GET", f"files{query}", signer)

    def status(self, signer: Signer) -> Answer:
        return self.client.call("GET", "status", signer)

    def announced(self, answer: Answer) -> Announced:
        """Expects 201 with a file's id and a form for it."""
        self.expect.status(answer, 201, "the file is announced")
        upload, file_id = answer.json.get("upload"), answer.json.get("file_id")
        form = upload if isinstance(upload, Mapping) else {}
        url, fields = form.get("url"), form.get("fields")
        is_form = form.get("method") == "POST" and isinstance(url, str)
        if not (is_form and isinstance(fields, Mapping) and isinstance(file_id, str)):
            wanted = "file_id, and upload with method POST, url and fields"
            self.expect.fail(wanted, answer.described, self.expect.function_log(answer))
        return Announced(file_id, str(url), fields)

    def upload(self, sample: Sample, signer: Signer) -> str:
        """Announces a file and sends it; its id."""
        form = self.announced(self.announce(sample.announcement(), signer))
        answer = self.client.upload(form.url, form.fields, sample.content)
        self.expect.status(answer, 204, "S3 takes the announced file")
        return form.file_id

    def outcome(self, sample: Sample, file_id: str, wanted: str, signer: Signer) -> Answer:
        """Looks until the file is `wanted`; the last answer."""
        patience = Patience(self.expect.settings.completion_seconds)
        while True:
            answer = self.fetch(file_id, signer)
            self.expect.status(answer, 200, "the state of an announced file")
            state = answer.json.get("status")
            if state == wanted:
                return answer
            if patience.over or state not in STATES_ON_THE_WAY:
                self.expect.fail(
                    f"status {wanted!r} within {patience.seconds:g} s",
                    f"status {state!r}, last seen in {answer.described}",
                    self._worker_log(sample, file_id),
                )
            patience.pause()

    def results(self, answer: Answer) -> dict[str, Mapping[str, object]]:
        """What a file was made into, by name."""
        return {str(each.get("name")): each for each in objects(answer.json.get("results"))}

    def download(self, result: Mapping[str, object], sample: Sample, file_id: str) -> bytes:
        """Expects a link to what the API says it is, for saving and not for showing."""
        answer = self.client.download(str(result.get("url")))
        self.expect.status(answer, 200, "a result is downloaded by its link")
        said = (result.get("size"), result.get("sha256"))
        got = (len(answer.content), hashlib.sha256(answer.content).hexdigest())
        if said != got:
            expected = f"{result.get('name')} with {said[0]} bytes and digest {said[1]}"
            came = f"{got[0]} bytes and digest {got[1]}"
            self.expect.fail(expected, came, self._worker_log(sample, file_id))
        if not answer.disposition.startswith("attachment"):
            came = f"{answer.disposition!r}, in {answer.described}"
            where = f"what function {self.expect.function_name} signs links for."
            self.expect.fail("Content-Disposition: attachment", came, where)
        return answer.content

    def unlike(self, expected: str, got: str, sample: Sample, file_id: str) -> None:
        """Fails: what was made of the file is not what it should be."""
        self.expect.fail(expected, got, self._worker_log(sample, file_id))

    def _worker_log(self, sample: Sample, file_id: str) -> str:
        settings = self.expect.settings
        return (
            f"the log of function tap-{settings.environment}-{sample.worker} in account "
            f"{settings.account}, filtered by {file_id}, and its dead-letter queue."
        )


def objects(value: object) -> list[Mapping[str, object]]:
    """The JSON objects of a list; empty for anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
