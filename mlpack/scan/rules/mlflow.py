"""Rules about the folders that MLflow saves models in."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_AGAIN = "do not load this model; save it again, or get it from where it was made"

PATH = Rule("mlflow/path", "error", "A path in an MLmodel leads out of its folder", _AGAIN)
CODE = Rule(
    "mlflow/code",
    "error",
    "MLflow would import code that came with the model",
    "read that code; what the model file alone asks for is told by scanning it by its own path",
)
YAML = Rule("mlflow/yaml", "error", "An MLmodel is written so that readers of YAML run, or run out of memory", _AGAIN)
