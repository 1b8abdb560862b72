"""The model of a bundle over rows in memory, on every processor: a process of its own, so that its start counts as well.

It is what a batch run comes to without reading and writing, by the session that serves and runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mlpack.advise.measurements import BatchRun
from mlpack.core.errors import WorkerError
from mlpack.runtime.manifest import Manifest, read_manifest

_MODULE = (sys.executable, "-m", "mlpack.advise.measure.offline")
_SIZES = (1, 64, 256, 1024, 4096, 16_384)
_MOST_BYTES = 256 << 20
_SHARE = 0.1
"""Of the seconds, for each size that is tried."""
_PATIENCE = 600.0


def batch_run(manifest: Manifest, seconds: float, processors: int) -> BatchRun:
    """Run the judged bundle's model for about ``seconds`` on so many processors. Raises WorkerError."""
    command = [*_MODULE, str(manifest.folder.absolute()), manifest.model_sha256, str(seconds), str(processors)]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        clock = threading.Timer(seconds + _PATIENCE, process.kill)
        clock.start()
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            start = time.perf_counter() - begun
            told, words = process.communicate()
        finally:
            clock.cancel()
            process.kill()  # one that has ended does not mind
    if process.returncode or not first:
        last = words.decode(errors="replace").strip().rpartition("\n")[2]
        raise WorkerError(
            "the batch run ended before its time", why=last, hint="look at the bundle: mlpack verify BUNDLE"
        )
    measured = json.loads(told)
    return BatchRun(measured["rows"], measured["rate"], processors, start)


def best_size(manifest: Manifest, run: Callable[[int], object], seconds: float) -> int:
    """The rows that go through fastest when they are given together."""
    batched = all(spec.batch_axis is not None for spec in (*manifest.signature.inputs, *manifest.signature.outputs))
    rates: dict[int, float] = {}
    for size in _SIZES if batched else _SIZES[:1]:
        if rates and size * _bytes_of_row(manifest) > _MOST_BYTES:
            break
        rates[size] = size / _lap(run, size, seconds)
        if size / rates[size] > seconds:
            break
    return max(rates, key=lambda size: rates[size])


def _lap(run: Callable[[int], object], size: int, seconds: float) -> float:
    """The shortest run with ``size`` rows, of those that fit into ``seconds``."""
    laps: list[float] = []
    until = time.perf_counter() + seconds
    while not laps or time.perf_counter() < until:
        begun = time.perf_counter()
        run(size)
        laps.append(time.perf_counter() - begun)
    return min(laps)


def _bytes_of_row(manifest: Manifest) -> int:
    from mlpack.advise.measure.requests import golden_feed

    return max(1, sum(array.nbytes for array in golden_feed(manifest, 1).values()))


def rate_of(manifest: Manifest, size: int, seconds: float, processors: int) -> float:
    """Rows a second while ``processors`` sessions of one thread each run side by side."""
    from mlpack.advise.measure.requests import golden_feed
    from mlpack.runtime.service.opening import open_session

    feed = golden_feed(manifest, size)
    sessions = [open_session(manifest, 1) for _ in range(processors)]
    counts = [0] * processors
    begun = time.perf_counter()

    def work(place: int) -> None:
        while not counts[place] or time.perf_counter() - begun < seconds:
            sessions[place].run(feed)
            counts[place] += size

    workers = [threading.Thread(target=work, args=(place,)) for place in range(processors)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rate = sum(counts) / (time.perf_counter() - begun)
    for session in sessions:
        session.close()
    return rate


def main(arguments: list[str]) -> None:
    """A line once the first row is answered, then the figures as JSON."""
    from mlpack.advise.measure.requests import golden_feed
    from mlpack.runtime.service.opening import open_session

    folder, sha256, seconds, processors = Path(arguments[0]), arguments[1], float(arguments[2]), int(arguments[3])
    manifest = read_manifest(folder)
    if manifest.model_sha256 != sha256:
        sys.exit(f"{folder} was replaced meanwhile")
    with open_session(manifest, 1) as session:
        session.run(golden_feed(manifest, 1))
        sys.stdout.write("answered\n")
        sys.stdout.flush()
        feeds = {size: golden_feed(manifest, size) for size in _SIZES if size * _bytes_of_row(manifest) <= _MOST_BYTES}
        feeds.setdefault(1, golden_feed(manifest, 1))
        size = best_size(manifest, lambda rows: session.run(feeds[rows]), _SHARE * seconds)
    rate = rate_of(manifest, size, seconds, processors)
    sys.stdout.write(json.dumps({"rows": size, "rate": rate}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
