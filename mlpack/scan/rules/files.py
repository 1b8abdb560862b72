"""Rules about any file."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_AGAIN = "copy or download the file again, or save the model again"

CORRUPT = Rule("file/corrupt", "error", "The file is damaged or truncated", _AGAIN, damage=True)
UNRECOGNISED = Rule(
    "file/unrecognised",
    "error",
    "The file is of no format that mlpack knows",
    "scan the model file itself",
    damage=True,
)
ENDING = Rule(
    "file/ending",
    "error",
    "The ending of the file claims another format than its content has",
    "give it the right name",
    damage=True,
)
UNREADABLE = Rule(
    "file/unreadable",
    "error",
    "The file could not be read to its end",
    "make it readable, and scan it again",
    damage=True,
)
SPECIAL = Rule(
    "file/special", "error", "What lies there is no regular file", "take it out, or scan the files by name", damage=True
)
LINK = Rule(
    "file/link",
    "error",
    "A link leads to nothing, or out of the folder that is scanned",
    "scan what it leads to",
    damage=True,
)
CHANGED = Rule(
    "file/changed", "error", "The file changed while it was scanned", "scan it again when nobody writes it", damage=True
)
MANIFEST = Rule(
    "bundle/manifest",
    "error",
    "A bundle is not as its manifest lists it",
    "get the bundle again from where it came, or pack the model again",
    damage=True,
)
CONTAINER = Rule(
    "file/container",
    "error",
    "The file is an archive, and what lies in it was not scanned",
    "unpack it where nothing loads from it, and scan the files that were in it",
)
REFUSED = Rule("file/refused", "error", "The file asks for something that no model needs")
TRUSTED = Rule("file/trusted", "note", "The user vouched for the file", "mlpack trust remove FILE takes it back")
