"""1,000 rows a request: what decoding and encoding take beside the model itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from measure import Finding

from serving.bodies import as_json, cancer_rows
from serving.contenders import HERE, run_once
from serving.cores import SERVER, pinned
from serving.ours import MLPACK

ROWS = 1000


def measure_many(bundle: Path, folder: Path) -> Finding:
    """In one process on one core, through the functions that ``/predict`` calls in the scaffolded service."""
    folder.mkdir(parents=True)
    project, body = folder / "project", folder / "body.json"
    body.write_bytes(as_json({"instances": cancer_rows(ROWS)}))
    run_once([*MLPACK, "scaffold", str(bundle), "-o", str(project)], folder)
    command = pinned(SERVER, [sys.executable, str(HERE / "thousand_rows.py"), str(body)])
    told = json.loads(run_once(command, project).splitlines()[-1])
    decode, model, encode = (told[part] * 1000 for part in ("decode", "model", "encode"))
    detail = f"{decode:.2f} ms and {encode:.2f} ms against {model:.2f} ms, {body.stat().st_size / 1000:.0f} kB of JSON"
    promise = "1,000 rows a request: decode and encode / the model, forest of 100 trees"
    return Finding(promise, (decode + encode) / model, 1.0, "×", detail)
