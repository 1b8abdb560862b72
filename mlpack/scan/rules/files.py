"""Rules about any file."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_AGAIN = "copy or download the file again, or save the model again"

CORRUPT = Rule("file/corrupt", "error", "The file is damaged or truncated", _AGAIN)
UNRECOGNISED = Rule(
    "file/unrecognised", "error", "The file is of no format that mlpack knows", "scan the model file itself"
)
ENDING = Rule(
    "file/ending",
    "error",
    "The ending of the file claims another format than its content has",
    "give it the right name",
)
