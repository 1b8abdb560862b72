"""Rules about archives, compressed streams and NumPy's files."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_AGAIN = "do not load this file; save the model again, or get it from where it was made"

HEADERS = Rule("zip/headers", "error", "The archive describes one member in two ways", _AGAIN)
DUPLICATE = Rule("zip/duplicate", "error", "Two members of the archive have the same name", _AGAIN)
NAME = Rule("zip/name", "error", "The name of a member is not the same to every reader", _AGAIN)
ENCRYPTED = Rule("zip/encrypted", "error", "A member of the archive says that it is encrypted", _AGAIN)
METHOD = Rule("zip/method", "error", "A member is packed in a way that no model is", _AGAIN)
OVERLAP = Rule("zip/overlap", "error", "Two members of the archive share bytes", _AGAIN)
HIDDEN = Rule("zip/hidden", "error", "The archive holds bytes that belong to no member", _AGAIN)
AROUND = Rule("zip/around", "error", "There are bytes before the archive or behind it", _AGAIN)
DIRECTORY = Rule("zip/directory", "error", "The directory of the archive contradicts itself", _AGAIN)
SIZE = Rule("container/size", "error", "It unfolds to more than a model needs")
CHECKSUM = Rule(
    "zip/checksum",
    "error",
    "The bytes of a member are not those that its checksum is of",
    "copy or download the file again",
    damage=True,
)
BEHIND = Rule("compression/behind", "error", "There are bytes behind the compressed stream", _AGAIN)
DEEP = Rule("container/deep", "error", "Archives lie in archives, deeper than anybody packs models")
OBJECTS = Rule(
    "numpy/objects",
    "error",
    "An array file holds pickled objects",
    "save numbers and text as arrays of these types; numpy.load refuses objects unless it is told otherwise",
)
LENGTH = Rule(
    "numpy/length",
    "error",
    "An array file is not as long as its header says",
    "copy or download the file again",
    damage=True,
)
HEADER = Rule(
    "numpy/header",
    "error",
    "The header of an array file is none that NumPy writes",
    "save the array again",
    damage=True,
)
