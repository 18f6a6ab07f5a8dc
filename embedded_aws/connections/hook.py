"""The bare remote's post-receive hook: plays the git provider's webhook, and tells the developer.

Run as `python -I hook.py ROOT` with git's lines `old new ref` on standard input. What is printed
appears on the developer's `git push`. A push is never refused: the hook always exits with 0.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


def main(root: Path, lines: Iterable[str]) -> None:
    """Notifies the server of each updated ref.

    Whoever made the remote left `connection.json` in the root: the `account` whose connection the
    pushes come through, and the command with which people `follow` what they start.
    """
    sys.path.insert(0, str(REPOSITORY))
    try:
        server = json.loads((root / "server.json").read_text())
    except (OSError, ValueError):
        print(f"No embedded AWS runs in {root}: nothing starts.")
        return
    played = json.loads((root / "connection.json").read_text())
    for line in lines:
        old, new, ref = line.split(maxsplit=2)
        push = {"Ref": ref.strip(), "Old": old, "New": new}
        for said in _notify(root, server, played, push):
            print(said)


def _notify(
    root: Path, server: dict[str, Any], played: dict[str, str], push: dict[str, str]
) -> list[str]:
    """What the developer reads. `played` says as which account's connection, see `main`."""
    calls = importlib.import_module("embedded_aws.connections.calls")
    fixed = importlib.import_module("embedded_aws.installation")
    try:
        answer = calls.call(
            "codeconnections",
            "NotifyPush",
            push,
            credentials={"AccessKeyId": played["account"], "SecretAccessKey": "root"},
            endpoint=f"https://{fixed.HOST}:{server['port']}",
            ca=str(root / "tls" / "ca.pem"),
            region=server["region"],
        )
    except (OSError, calls.RefusedError) as error:
        return [f"The embedded AWS could not be told of {push['Ref']}: {error}"]
    return report(push["Ref"], answer, played["follow"])


def report(ref: str, answer: dict[str, Any], follow: str) -> list[str]:
    """What the developer reads about one ref."""
    lines = []
    for started in answer["executions"]:
        name, execution = started["pipeline"], started["pipelineExecutionId"]
        lines.append(f"Pipeline {name} starts: execution {execution}")
        lines.append(f"Watch it with: {follow}")
    for ignored in answer["ignored"]:
        lines.append(f"Pipeline {ignored['pipeline']} does not start: {ignored['reason']}")
    return lines or [f"No pipeline follows {ref}: nothing starts."]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdin)
