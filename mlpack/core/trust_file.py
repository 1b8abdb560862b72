"""The file in which a user keeps what is trusted: SHA-256 with a note, and uses of names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from mlpack.core.errors import UsageError
from mlpack.core.trust import NO_TRUST, Trust

VARIABLE = "MLPACK_TRUST_FILE"


def trust_path() -> Path:
    """The file that MLPACK_TRUST_FILE names, else the user's own in the configuration folder (XDG).

    None is ever looked for in the working folder: who can put a model there could put its trust beside it.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "mlpack" / "trust.json"


def gathered(hashes: Iterable[str] = (), allowed: Iterable[str] = ()) -> Trust:
    """What a call names and what the trust file holds. Raises UsageError."""
    return Trust.of(hashes, allowed).joined(read_trust_file(trust_path()))


def read_trust_file(path: Path) -> Trust:
    """The trust in the file at ``path``; none where there is no file. Raises UsageError for a damaged one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Trust.of((entry["sha256"] for entry in document["files"]), document["uses"])
    except FileNotFoundError:
        return NO_TRUST
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the trust file {path} cannot be read", why=f"{type(error).__name__}: {error}", hint=f"rm {path}"
        ) from error
