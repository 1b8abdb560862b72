"""Rules about pickles and joblib files."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

NAME = Rule("pickle/name", "error", "The pickle names code that no model needs")
UNLISTED = Rule(
    "pickle/unlisted",
    "warning",
    "The pickle names code that is on no list of mlpack",
    "if you know where the file comes from, vouch for it: mlpack trust add FILE",
)
CALL = Rule("pickle/call", "error", "The pickle calls what is no name, or what another call gave it")
ARGUMENT = Rule("pickle/argument", "error", "The pickle calls a listed function in a way that no library does")
STATE = Rule("pickle/state", "error", "The pickle sets the state of something in a way that no library does")
OUTSIDE = Rule("pickle/outside", "error", "The pickle refers to what only the program that wrote it knows")
EXPANSION = Rule("pickle/expansion", "error", "The pickle unfolds to more than a model needs")
FRAME = Rule("pickle/frame", "error", "A frame of the pickle is not as long as it says")
TRAILING = Rule("pickle/trailing", "error", "The file goes on behind its pickle")
OLD_WRAPPER = Rule("joblib/old-wrapper", "error", "The file was written by joblib before 0.10 and names other files")
ARRAY = Rule("array/type", "error", "An array has a type that NumPy would not write")
