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
    """Notifies the server of each updated ref."""
    sys.path.insert(0, str(REPOSITORY))
    try:
        port = int(json.loads((root / "server.json").read_text())["port"])
    except (OSError, ValueError, KeyError):
        print(f"No rehearsal runs in {root}: nothing starts. Start one with `rehearsal up`.")
        return
    for line in lines:
        old, new, ref = line.split(maxsplit=2)
        _notify(root, port, {"Ref": ref.strip(), "Old": old, "New": new})


def _notify(root: Path, port: int, push: dict[str, str]) -> None:
    calls = importlib.import_module("embedded_aws.connections.calls")
    world = importlib.import_module("embedded_aws.installation")
    try:
        answer = calls.call(
            "codeconnections",
            "NotifyPush",
            push,
            credentials={"AccessKeyId": str(world.Account.TOOLS), "SecretAccessKey": "root"},
            endpoint=f"https://{world.HOST}:{port}",
            ca=str(root / "tls" / "ca.pem"),
        )
    except (OSError, calls.RefusedError) as error:
        print(f"The rehearsal could not be told of {push['Ref']}: {error}")
        return
    for line in report(push["Ref"], answer):
        print(line)


def report(ref: str, answer: dict[str, Any]) -> list[str]:
    """What the developer reads about one ref."""
    lines = []
    for started in answer["executions"]:
        name, execution = started["pipeline"], started["pipelineExecutionId"]
        lines.append(f"Pipeline {name} starts: execution {execution}")
        lines.append("Watch it with: .venv/bin/python -m rehearsal status")
    for ignored in answer["ignored"]:
        lines.append(f"Pipeline {ignored['pipeline']} does not start: {ignored['reason']}")
    return lines or [f"No pipeline follows {ref}: nothing starts."]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdin)
