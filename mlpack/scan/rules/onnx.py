"""Rules about ONNX models."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_BESIDE = "put the data file itself beside the model, under a plain name"
_EXPORT = "export the model again"

EXTERNAL = Rule(
    "onnx/external-data", "error", "The model has its weights read from a file that is none of its own", _BESIDE
)
OPERATOR = Rule(
    "onnx/operator",
    "error",
    "The model uses operators that ONNX Runtime does not have built in: code of another library",
    _EXPORT + " with standard operators only",
)
SIZE = Rule("onnx/size", "error", "The model claims far more values than it holds")
TWICE = Rule("onnx/twice", "error", "The model says one thing twice, and readers differ in what they believe", _EXPORT)
FUNCTION = Rule("onnx/function", "error", "A function of the model calls itself, or unfolds without end")
DEPTH = Rule("onnx/depth", "error", "The model has graphs within graphs without end")
HIDDEN = Rule("onnx/hidden", "error", "The model carries bytes that no reader of ONNX looks at", _EXPORT)
