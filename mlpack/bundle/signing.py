"""Signs a finished bundle with a private key of the user's, through OpenSSF model-signing.

The signature lies in the bundle as ``model.sig``. It covers every other file, the manifest included, and is checked with
`mlpack verify BUNDLE --key PUBLIC.pem` or `model_signing verify key BUNDLE --signature BUNDLE/model.sig --public_key
PUBLIC.pem`. Nothing leaves the machine: no service signs, and no log is written to.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpack.core.keys import PASSWORD_VARIABLE, Key, needs_password, read_private_key
from mlpack.core.libraries import import_library
from mlpack.runtime.manifest import SIGNATURE


@dataclass(frozen=True)
class Signer:
    """A private key that is ready to sign; ``key`` is its public half."""

    key: Key
    _config: Any

    def sign(self, folder: Path) -> None:
        """Write the signature over all files in ``folder``, by the folder's name. Raises OSError."""
        self._config.sign(folder, folder / SIGNATURE)


def signer(path: Path, password: str | None = None) -> Signer:
    """The signer with the private key in the file ``path``, read now: minutes pass until there is something to sign.

    Without ``password`` that of an encrypted key is read from the environment variable MLPACK_KEY_PASSWORD.
    Raises UsageError, MissingLibraryError.
    """
    library = import_library("model_signing", "sign", f"signing with {path}")
    secret = password or os.environ.get(PASSWORD_VARIABLE)
    key = read_private_key(path, secret)
    # The paths that are ignored stand in what is signed, so that `model_signing verify` needs no option for them. Left to
    # itself the library adds .git and three more, in an order that changes from run to run.
    files = (
        library.hashing.Config().use_file_serialization().set_ignored_paths(paths=[SIGNATURE], ignore_git_paths=False)
    )
    # model-signing 1.1.1 hands a password on as it is, and cryptography takes bytes only.
    given = secret.encode() if secret and needs_password(path) else None
    config = library.signing.Config().set_hashing_config(files)
    return Signer(key, config.use_elliptic_key_signer(private_key=path, password=given))
