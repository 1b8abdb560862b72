"""Rules about signed bundles."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_AGAIN = "get the bundle again from who signed it"

UNSIGNED = Rule("bundle/unsigned", "error", "The bundle has no signature", "ask who made it for a signed one")
OTHER_KEY = Rule("bundle/other-key", "error", "The bundle was signed with another key", "check whose key it has to be")
SIGNATURE = Rule("bundle/signature", "error", "The signature does not hold", _AGAIN)
CHANGED = Rule("bundle/changed", "error", "A file is not the one that was signed", _AGAIN)
ADDED = Rule("bundle/added", "error", "A file is there that was not signed", _AGAIN)
MISSING = Rule("bundle/missing", "error", "A file that was signed is not there", _AGAIN)
LINK = Rule("bundle/link", "error", "A bundle holds something else than files", _AGAIN)
