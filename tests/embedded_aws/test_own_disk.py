"""What a function writes to its local disk, no execution environment beside it finds there.

Proved on the running emulator with one function that runs twice at once. Not proved: that the disk
has a limit, which the emulator knows nothing of.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tests.embedded_aws.emulated import DEV, Credentials, Server
from tests.support import aws

# Each waits until both run, so that neither is a later call of the same process.
CODE = """
import os, pathlib, tempfile, time
def handler(event, context):
    folder = pathlib.Path(tempfile.gettempdir())
    (folder / "mine").write_text(event["name"])
    time.sleep(1)
    return {"wrote": (folder / "mine").read_text(), "process": os.getpid()}
"""


def test_two_environments_of_a_function_do_not_share_a_disk(
    emulator: Server, administrators: Mapping[str, Credentials]
) -> None:
    session = emulator.session(administrators[DEV])
    aws.function(session, "own-disk", CODE)
    with ThreadPoolExecutor() as pool:
        answers = list(
            pool.map(lambda name: aws.invoke(session, "own-disk", {"name": name}), ("a", "b"))
        )
    assert len({answer["process"] for answer in answers}) == 2
    assert [answer["wrote"] for answer in answers] == ["a", "b"]
