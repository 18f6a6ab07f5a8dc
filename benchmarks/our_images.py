"""Derivatives as the image function makes them, with the document, measured like the naive ones.

python -m benchmarks.our_images PICTURE INTO   prints CPU seconds, imports included, and the peak
in MB.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.memory import peak_mb


def main(picture: Path, into: Path) -> None:
    start = time.process_time()
    from services.files.runtime.images import render  # noqa: PLC0415 - a part of what is measured

    render(picture, name=picture.name, into=into)
    seconds = time.process_time() - start
    print(json.dumps([seconds, peak_mb()]))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
