"""`mlpack batch` over a file of golden rows: what a run costs, reading and writing and all."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlpack.advise.measurements import BatchRun
from mlpack.runtime.coerce.fields import layout_of
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.signature import Signature
from mlpack.scaffold.project import example_of_bundle

_GROUP_BYTES = 8 << 20
_MOST_BYTES = 256 << 20
_LEAST_SECONDS = 0.25
"""Of the difference between a run and its start: with less, it is but noise."""
_PATIENCE = 600.0


def file_run(manifest: Manifest, memory: BatchRun, seconds: float, vouching: Sequence[str]) -> BatchRun:
    """What `mlpack batch` does, on a file of about as many rows as ``memory`` says that it answers in ``seconds``.

    It is ``memory`` itself, a run without files, where there is no Parquet here or the model takes no rows of one.
    """
    if importlib.util.find_spec("pyarrow") is None:
        return memory
    with tempfile.TemporaryDirectory(prefix="mlpack-advise-") as name:
        one, all_rows = Path(name, "one.parquet"), Path(name, "all.parquet")
        _write(manifest, 1, one)
        count = _write(manifest, int(memory.rate * seconds), all_rows)
        first = _run(manifest, one, Path(name, "first.parquet"), vouching)
        whole = _run(manifest, all_rows, Path(name, "answers.parquet"), vouching)
    if first is None or whole is None:
        return memory
    (start, _), (seconds_of_all, told) = first, whole
    spent = seconds_of_all - start
    rate = count / spent if spent >= _LEAST_SECONDS else told["rows_per_second"]
    return replace(memory, rows=told["batch_rows"], rate=rate, start=start, files=True)


def rows_of(instances: Sequence[Any], signature: Signature) -> list[dict[str, Any]]:
    """Instances of a request as rows of a table."""
    layout = layout_of(signature)
    if layout.kind == "records" or (layout.kind == "tensors" and len(layout.inputs) > 1):
        return list(instances)
    return [{layout.inputs[0].name: instance} for instance in instances]


def _write(manifest: Manifest, rows: int, path: Path) -> int:
    """Write about so many golden rows, again and again, and say how many. The file has some `_MOST_BYTES` at most."""
    import pyarrow as pa
    from pyarrow import parquet

    golden = pa.Table.from_pylist(rows_of(example_of_bundle(manifest).instances, manifest.signature))
    size = max(1, golden.nbytes)
    group = pa.concat_tables([golden] * max(1, _GROUP_BYTES // size)).combine_chunks()
    group = group.slice(0, max(1, rows))
    groups = max(1, min(rows // len(group), _MOST_BYTES // max(1, group.nbytes)))
    # Plain: the same few rows again and again would be next to nothing as a dictionary.
    with parquet.ParquetWriter(path, group.schema, compression="none", use_dictionary=False) as writer:
        for _ in range(groups):
            writer.write_table(group)
    return int(groups * group.num_rows)


def _run(manifest: Manifest, rows: Path, written: Path, flags: Sequence[str]) -> tuple[float, dict[str, Any]] | None:
    """Seconds of a run and what it says of itself; None where it does not come to its end."""
    trust = f"--trust={manifest.model_sha256}"
    command = [
        sys.executable,
        "-m",
        "mlpack",
        "batch",
        str(manifest.folder.absolute()),
        "-i",
        str(rows),
        "-o",
        str(written),
    ]
    begun = time.perf_counter()
    try:
        ended = subprocess.run([*command, "--json", trust, *flags], capture_output=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    spent = time.perf_counter() - begun
    return (spent, json.loads(ended.stdout)["data"]) if ended.returncode == 0 else None
