"""Rules about Keras configurations."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_REPLACE = "replace the layer by one of Keras's own (keras.ops in a Layer subclass) and save the model again"

RUNS = Rule("keras/runs-code", "error", "A layer of the model runs code that lies in the file", _REPLACE)
MODULE = Rule("keras/module", "error", "The configuration names a module that defines no layers", _REPLACE)
