"""Under load, with a worker killed half-way, every answered request is in every store exactly once.

Proved on the emulator, with the synthesized stack, the smoke role's signatures and the function's
own role; and that the look into the stores sees what is missing. `make load` runs the same at full
size. Not proved: AWS's own scaling and throttling, and more than one death of a worker (the fault
run has thousands).
"""

from __future__ import annotations

from pathlib import Path

from embedded_aws.clients import Session
from embedded_aws.server import Server
from tests.rehearsal.load import on_own_server, run

REQUESTS, CLIENTS = 200, 32
BUCKET = "tap-dev-bucket-222222222222-us-west-2"


def load_and_look(server: Server, session: Session) -> None:
    outcome = run(server, session, REQUESTS, CLIENTS)
    assert outcome.wrong == [], outcome
    assert outcome.killed == 1
    assert outcome.requests == REQUESTS
    s3 = session.client("s3")
    key = s3.list_objects_v2(Bucket=BUCKET, MaxKeys=1)["Contents"][0]["Key"]
    s3.delete_object(Bucket=BUCKET, Key=key)
    assert any("(0, 1, 1) times" in each for each in outcome.look())


def test_every_answered_request_is_in_every_store_exactly_once(tmp_path: Path) -> None:
    on_own_server(tmp_path / "load", load_and_look)
