"""The bare repository's post-receive hook: plays the git provider's webhook, and tells people.

Run as `python -I hook.py ROOT` with git's lines `old new ref` on standard input. What is printed
appears on the developer's `git push`. A push is never refused: the hook always exits with 0.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embedded_aws.connections.played import Source

_PARENT = Path(__file__).resolve().parents[2]


def main(root: Path, lines: Iterable[str]) -> None:
    """Notifies the server of each updated ref."""
    sys.path.insert(0, str(_PARENT))
    played = importlib.import_module("embedded_aws.connections.played")
    try:
        port = int(json.loads((root / "server.json").read_text())["port"])
        source: Source = played.read(root)
    except (OSError, ValueError, KeyError):
        print(f"No embedded AWS runs in {root}: nothing starts.")
        return
    except played.NotPlayedError as error:
        print(f"Nothing starts: {error}.")
        return
    for line in lines:
        old, new, ref = line.split(maxsplit=2)
        _notify(root, port, source, {"Ref": ref.strip(), "Old": old, "New": new})


def _notify(root: Path, port: int, source: Source, push: dict[str, str]) -> None:
    calls = importlib.import_module("embedded_aws.calls")
    targets = importlib.import_module("embedded_aws.connections.played").TARGETS
    host = importlib.import_module("embedded_aws.installation").HOST
    server = calls.Place(f"https://{host}:{port}", root / "tls" / "ca.pem", source.region)
    try:
        answer = server.call(
            "codeconnections",
            f"{targets['codeconnections']}.NotifyPush",
            push,
            # The provider is known to AWS; what plays it here signs as the source's owner, as
            # its root, whose secret the emulator does not look at.
            {"AccessKeyId": source.account, "SecretAccessKey": source.account},
        )
    except (OSError, calls.RefusedError) as error:
        print(f"The embedded AWS could not be told of {push['Ref']}: {error}")
        return
    for line in report(push["Ref"], answer, source.follow):
        print(line)


def report(ref: str, answer: dict[str, Any], follow: str = "") -> list[str]:
    """What the developer reads about one ref; `follow` is the command that shows an execution."""
    lines = []
    for started in answer["executions"]:
        name, execution = started["pipeline"], started["pipelineExecutionId"]
        lines.append(f"Pipeline {name} starts: execution {execution}")
        lines += [f"Watch it with: {follow}"] if follow else []
    for ignored in answer["ignored"]:
        lines.append(f"Pipeline {ignored['pipeline']} does not start: {ignored['reason']}")
    return lines or [f"No pipeline follows {ref}: nothing starts."]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdin)
