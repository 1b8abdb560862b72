"""Scans every pickle in a folder; prints seconds by file name as JSON.

``python scan_pickles.py mlpack|picklescan FOLDER``
"""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 3
Scan = Callable[[bytes, str], None]
"""Judges the bytes of a file; raises where they were not read to their end."""


def by_mlpack() -> Scan:
    """The judge of pickles, lists and all."""
    from mlpack.scan.pickles.stream import read_pickle
    from mlpack.scan.source import source_of

    return lambda data, name: _check(whole=not read_pickle(source_of(io.BytesIO(data), name)).findings)


def by_picklescan() -> Scan:
    """What ``picklescan --path`` does with a file."""
    from picklescan.scanner import scan_pickle_bytes

    logging.disable()
    return lambda data, name: _check(whole=not scan_pickle_bytes(io.BytesIO(data), name).scan_err)


def _check(*, whole: bool) -> None:
    assert whole


def main(scan: Scan, folder: Path) -> None:
    """The best of some rounds, each file read before."""
    seconds = {}
    for path in sorted(folder.glob("*.pkl")):
        data, times = path.read_bytes(), []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            scan(data, path.name)
            times.append(time.perf_counter() - begun)
        seconds[path.name] = min(times)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main({"mlpack": by_mlpack, "picklescan": by_picklescan}[sys.argv[1]](), Path(sys.argv[2]))
