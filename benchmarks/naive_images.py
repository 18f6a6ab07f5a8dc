"""Derivatives as one writes them first: decode everything, then resize that for each size.

python -m benchmarks.naive_images PICTURE INTO   prints CPU seconds, imports included, and the
peak in MB.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.memory import peak_mb

SIZES = {"small": 256, "medium": 800, "large": 1600}


def main(picture: Path, into: Path) -> None:
    start = time.process_time()
    from PIL import Image  # noqa: PLC0415 - a part of what is measured

    with Image.open(picture) as image:
        image.load()
        for name, longest in SIZES.items():
            scale = longest / max(image.size)
            size = round(image.width * scale), round(image.height * scale)
            image.resize(size, Image.Resampling.LANCZOS).save(into / f"{name}.jpg", quality=82)
    seconds = time.process_time() - start
    print(json.dumps([seconds, peak_mb()]))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
