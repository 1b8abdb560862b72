"""Rules about Keras configurations and archives."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_REPLACE = "replace the layer by one of Keras's own (keras.ops in a Layer subclass) and save the model again"
_VOUCH = "if you know where the file comes from, vouch for it: mlpack trust add FILE"
_SAVE = "save the model again: model.save(...)"

RUNS = Rule("keras/runs-code", "error", "A layer of the model runs code that lies in the file", _REPLACE)
MODULE = Rule("keras/module", "error", "The configuration names a module that defines no layers", _REPLACE)
FUNCTION = Rule("keras/function", "error", "The configuration names a function of Keras that is no part of a model")
VOCABULARY = Rule(
    "keras/vocabulary",
    "error",
    "A layer reads a file that the configuration names",
    "give the layer its vocabulary as a list of words and save the model again",
)
FORM = Rule("keras/form", "error", "A part of the configuration has a form that Keras does not write", _SAVE)
OWN = Rule("keras/own-class", "warning", "The model is made of classes that are not Keras's own", _VOUCH)
SIZE = Rule("keras/size", "error", "A layer claims far more weights than the file holds")
MEMBER = Rule("keras/member", "error", "The archive holds something that Keras does not write", _SAVE)
ASSET = Rule("keras/asset", "error", "A file that belongs to a layer is no plain text", _SAVE)
TRAINING = Rule(
    "keras/training", "note", "The file says how the model was trained, with names that are not Keras's own", ""
)
