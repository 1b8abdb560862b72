"""Makes the seeds: ``python -m fuzz.seeds.make FOLDER`` writes a folder a group, from real models made here and now."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fuzz.seeds import archives, documents, hostile, pickles


def main(folder: Path) -> None:
    """Write every group."""
    folder.mkdir(parents=True)
    os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND", "tensorflow")
    for part in (pickles, documents, hostile, archives):
        part.write(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
