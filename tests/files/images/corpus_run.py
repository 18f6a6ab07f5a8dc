"""Renders every file below a folder in this one process, as a function that lives long would.

Usage: python -m tests.files.images.corpus_run FOLDER INTO RECORDS   INTO gets a folder a file, by
its number; RECORDS a JSON line a file, and a last one with the peak of this process's memory. A
file that takes longer than SECONDS ends the process.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.memory import peak_mb
from services.files.runtime.images import render
from services.files.runtime.rejection import RejectedError

SECONDS = 20


def main(folder: Path, into: Path, records: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with records.open("w") as lines:
        for number, path in enumerate(files):
            signal.alarm(SECONDS)
            (into / str(number)).mkdir(parents=True)
            record = {"file": str(path), "into": str(into / str(number))}
            lines.write(json.dumps(record | _outcome(path, into / str(number))) + "\n")
            lines.flush()
        lines.write(json.dumps({"peak_mb": peak_mb()}) + "\n")


def _outcome(path: Path, into: Path) -> dict[str, Any]:
    start = time.process_time()
    try:
        document = render(path, name=path.name, into=into).document
    except RejectedError as error:
        return {"reason": error.reason, "detail": error.detail}
    return {"document": document, "cpu": time.process_time() - start}


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
