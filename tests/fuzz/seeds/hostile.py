"""The hostile corpus as seeds: what has fooled others is the best to begin with."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hostile.corpus import Hostile, all_hostile

_MOST_BYTES = 1 << 14
_GROUPS = ("pickle", "joblib", "torch", "torchscript", "onnx", "keras", "hdf5", "npz", "numpy")


def write(folder: Path) -> None:
    """Each small entry into the group of its kind, ``hostile-pickle`` and so on."""
    canary = folder / "canary"
    for number, entry in enumerate(all_hostile()):
        with tempfile.TemporaryDirectory() as inside:
            path = entry.write(Path(inside), canary)
            if not path.is_file() or path.stat().st_size > _MOST_BYTES:
                continue
            group = folder / f"hostile-{_kind(entry)}"
            group.mkdir(exist_ok=True)
            (group / f"{number:04}").write_bytes(path.read_bytes())


def _kind(entry: Hostile) -> str:
    return next((kind for kind in _GROUPS if entry.name.startswith(kind)), "other")
