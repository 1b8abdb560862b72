"""Frames of pandas in files of rows, of every format that may be told by its ending."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def written(frame: Any, path: Path) -> Path:
    """``path``, which holds the rows of ``frame`` to the last digit now."""
    match path.suffix:
        case ".csv":
            frame.to_csv(path, index=False)
        case ".parquet":
            frame.to_parquet(path)
        case ".jsonl":
            frame.to_json(path, orient="records", lines=True, double_precision=15)
        case ending:
            raise ValueError(ending)
    return path
