"""The environment variables that a worker starts with."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import site
import tempfile
from collections.abc import Mapping
from pathlib import Path

import mlpack

_PRIVATE = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
"""ONNX Runtime from 1.29 on reports model names and hashes to its makers unless told not to. Nobody asked the user."""

_SECRET = re.compile(r"PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|APIKEY|_PWD$|(^|_)(TOKEN|KEY|AUTH|COOKIE|DSN)(_|$)")
_CARRIES_SECRET = re.compile(r"://[^/@\s]+:[^/@\s]+@")
"""An address with a password in it."""

_CONFINED = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")


def worker_environment(scratch: Path, own: Mapping[str, str], *, sandboxed: bool) -> dict[str, str]:
    """What the caller's environment becomes in a worker; ``own`` are variables for this worker, and go before all others.

    Variables that hold a secret by their name or their looks stay here: a model's code could put them into its answers.
    """
    kept = {name: value for name, value in os.environ.items() if not is_secret(name, value)}
    return {
        **_PRIVATE,
        **kept,
        **(_confined(scratch) if sandboxed else {}),
        **own,
        "PYTHONPATH": _python_path(),
        "TMPDIR": str(scratch),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",  # what a library printed is there to read after a crash
        # torch.jit.script writes a module's constants in the order of a set of strings: equal models, equal bytes.
        "PYTHONHASHSEED": "0",
    }


def is_secret(name: str, value: str) -> bool:
    """Whether a variable is likely to hold a password, a key or a token."""
    return bool(_SECRET.search(name.upper()) or _CARRIES_SECRET.search(value))


def keras_settings() -> Path:
    """The file with the user's choice of backend and dtype."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"


def private_folders() -> tuple[Path, ...]:
    """Folders that a worker may read parts of, and never as a whole: the user's home, and where everybody's files lie."""
    folders = [Path.home(), Path(tempfile.gettempdir())]
    with contextlib.suppress(KeyError):  # a user without an entry, as in some containers
        folders.append(Path(pwd.getpwuid(os.getuid()).pw_dir))
    return tuple(folder.resolve() for folder in folders)


def _confined(scratch: Path) -> dict[str, str]:
    """A home of its own. What the user has installed and chosen is found where it was."""
    confined = {"HOME": str(scratch), **dict.fromkeys(_CONFINED, str(scratch))}
    # joblib warns where it can make no semaphore, and tries to start processes where it can.
    confined["JOBLIB_MULTIPROCESSING"] = "0"
    if "PYTHONUSERBASE" not in os.environ:
        confined["PYTHONUSERBASE"] = site.getuserbase()
    if keras_settings().exists():
        confined["KERAS_HOME"] = str(keras_settings().parent.absolute())
    return confined


def _python_path() -> str:
    """Where this mlpack is, then what PYTHONPATH says, absolute: a worker has another working directory."""
    entries = [str(Path(mlpack.__file__).parent.parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    entries = [entry for entry in entries if entry]
    return os.pathsep.join(str(Path(entry).absolute()) for entry in entries)
