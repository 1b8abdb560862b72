"""Rules about HDF5 files, and HDF5 inside Keras archives."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_SAVE = "save the model again: model.save(...)"

LINK = Rule("hdf5/link", "error", "A link in the file leads to another place or another file", _SAVE)
EXTERNAL = Rule("hdf5/external", "error", "The data of an array lie in another file", _SAVE)
VIRTUAL = Rule("hdf5/virtual", "error", "An array is put together from other files", _SAVE)
TYPE = Rule("hdf5/type", "error", "A value has a type that no weight has, such as a reference or an opaque one", _SAVE)
FILTER = Rule("hdf5/filter", "error", "The data are packed in a way that loads a plug-in or is not read here", _SAVE)
SIZE = Rule("hdf5/size", "error", "An array claims far more values than the file holds")
LAYOUT = Rule("hdf5/layout", "error", "The file is laid out in a way that Keras does not write", _SAVE)
TWICE = Rule("hdf5/twice", "error", "The file says one thing twice, and readers differ in what they believe", _SAVE)
