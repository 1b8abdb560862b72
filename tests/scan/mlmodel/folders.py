"""MLflow folders written by hand, as MLflow writes them and as it never would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SKLEARN = {
    "pickled_model": "model.pkl",
    "serialization_format": "cloudpickle",
    "sklearn_version": "1.5.2",
    "code": None,
}
FUNCTION = {"loader_module": "mlflow.sklearn", "model_path": "model.pkl", "python_version": "3.11.9"}


def folder_with(place: Path, flavors: dict[str, Any], files: dict[str, bytes] | None = None, **more: Any) -> Path:
    """A folder with an MLmodel of ``flavors`` (JSON is YAML) and ``files``."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "MLmodel").write_text(json.dumps({"flavors": flavors, "mlflow_version": "3.18.0", **more}))
    for name, content in (files or {}).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place
