"""The environments of all versions with the same code read one unpacked tree, and nobody else's.

Not proved: that they cannot write to it, which the machine's root always can.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tests.embedded_aws.emulated import DEV, Credentials, Server
from tests.support import aws

CODE = """
import os, pathlib, time
def handler(event, context):
    time.sleep(1)
    here = pathlib.Path(__file__).resolve()
    return {"tree": str(here.parent), "name": here.name, "process": os.getpid(), "said": "%s"}
"""


def test_environments_share_the_tree_of_their_own_code(
    emulator: Server, administrators: Mapping[str, Credentials]
) -> None:
    session = emulator.session(administrators[DEV])
    for name, said in (("code-1", "a"), ("code-2", "a"), ("code-3", "b")):
        aws.function(session, name, CODE % said)
    with ThreadPoolExecutor() as pool:
        calls = ("code-1", "code-1", "code-2", "code-3")
        one, two, same, other = pool.map(lambda name: aws.invoke(session, name, {}), calls)
    assert len({each["process"] for each in (one, two, same, other)}) == 4
    assert one["tree"] == two["tree"] == same["tree"] != other["tree"]
    assert [each["said"] for each in (one, two, same, other)] == ["a", "a", "a", "b"]
