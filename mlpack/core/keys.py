"""Elliptic-curve keys in PEM files: the private one that signs a bundle, and the public one that checks it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpack.core.errors import UsageError
from mlpack.core.libraries import import_library

PASSWORD_VARIABLE = "MLPACK_KEY_PASSWORD"  # noqa: S105 - where the password is, not the password
"""The environment variable that holds the password of a private key. No worker inherits it."""

_MAKE_PRIVATE = "make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem"
_MAKE_PUBLIC = "make it from the private key: openssl pkey -in key.pem -pubout -out key.pub.pem"
_MOST_BYTES = 1 << 16
_BEGIN = re.compile(rb"^-----BEGIN ([A-Z0-9 ]+)-----", re.MULTILINE)
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
"""The curves that model-signing takes, by the names that OpenSSL and NIST have for them."""


@dataclass(frozen=True)
class Key:
    """A public key, or the public half of a private one, and the file it was read from.

    ``fingerprint`` is the SHA-256 of the public key in PEM, as ``sha256sum key.pub.pem`` gives it and as model-signing
    writes it into a signature.
    """

    path: Path
    fingerprint: str
    curve: str

    def to_json(self) -> dict[str, str]:
        """The key as JSON-ready values; the path stays here, it says nothing to anybody else."""
        return {"algorithm": "ECDSA", "curve": self.curve, "fingerprint": self.fingerprint}


def read_public_key(path: Path) -> Key:
    """The public key in ``path``. Raises UsageError, MissingLibraryError."""
    pem = _read(path, _MAKE_PUBLIC)
    labels = _labels(pem)
    if any(label.endswith("PRIVATE KEY") for label in labels):
        raise UsageError(
            f"{path} holds a private key",
            why="it stays with who signs; a signature is checked with the public key",
            hint=f"openssl pkey -in {path} -pubout -out {path.stem}.pub.pem",
        )
    if "PUBLIC KEY" not in labels:
        raise _no_key(path, labels, "public", _MAKE_PUBLIC)
    return _key(path, _load("load_pem_public_key", path, pem))


def read_private_key(path: Path, password: str | None = None) -> Key:
    """The public half of the private key in ``path``: it can be read, opens with ``password``, and is fit to sign.

    Raises UsageError, MissingLibraryError.
    """
    pem = _read(path, _MAKE_PRIVATE)
    labels = _labels(pem)
    private = [label for label in labels if label.endswith("PRIVATE KEY") and label != "OPENSSH PRIVATE KEY"]
    if not private:
        raise _no_key(path, labels, "private", _MAKE_PRIVATE)
    if _is_encrypted(pem) and not password:
        raise UsageError(
            f"{path} is protected by a password",
            why="none was given",
            hint=f"put it into the environment variable {PASSWORD_VARIABLE}, or call mlpack in a terminal, where it asks",
        )
    given = password.encode() if password and _is_encrypted(pem) else None
    return _key(path, _load("load_pem_private_key", path, pem, given), public=False)


def needs_password(path: Path) -> bool:
    """Whether the private key in ``path`` is encrypted; False also for what is no key."""
    try:
        return _is_encrypted(_read(path, ""))
    except UsageError:
        return False


def _read(path: Path, hint: str) -> bytes:
    try:
        if not path.exists():
            raise UsageError(f"the key {path} does not exist", hint=hint)
        if not path.is_file():
            raise UsageError(f"{path} is no key file", why="it is a folder, a pipe or a device", hint=hint)
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        raise UsageError(
            f"the key {path} cannot be read", why=error.strerror or str(error), hint=f"chmod u+r {path}"
        ) from error


def _labels(pem: bytes) -> list[str]:
    return [label.decode() for label in _BEGIN.findall(pem)]


def _is_encrypted(pem: bytes) -> bool:
    return "ENCRYPTED PRIVATE KEY" in _labels(pem) or b"Proc-Type: 4,ENCRYPTED" in pem


def _no_key(path: Path, labels: list[str], wanted: str, hint: str) -> UsageError:
    if "PUBLIC KEY" in labels:
        hint = "name the private key that belongs to it; it stays with who signs"
    elif "CERTIFICATE" in labels and wanted == "public":
        hint = f"take its key out: openssl x509 -in {path} -noout -pubkey > {path.stem}.pub.pem"
    held = f"what begins in it is {labels[0]}" if labels else "no line in it begins a key: -----BEGIN … KEY-----"
    return UsageError(f"{path} is no {wanted} key in PEM", why=held, hint=hint)


def _load(function: str, path: Path, *arguments: bytes | None) -> Any:
    """What ``cryptography`` makes of a PEM file."""
    import_library("cryptography", "sign", f"reading {path}")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        return getattr(serialization, function)(*arguments)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        wrong = "password" in str(error)
        raise UsageError(
            f"the password does not open {path}" if wrong else f"the key in {path} cannot be read",
            why="" if wrong else str(error).partition(". ")[0],
            hint=f"type it again, or look at the variable {PASSWORD_VARIABLE}" if wrong else "copy the file again",
            details=str(error),
        ) from error


def _key(path: Path, loaded: Any, *, public: bool = True) -> Key:
    """The fingerprint and curve of ``loaded``. Raises UsageError for a key of another kind."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    half = loaded if public else loaded.public_key()
    curve = getattr(getattr(half, "curve", None), "name", type(half).__name__.removesuffix("PublicKey"))
    if curve not in _CURVES:
        raise UsageError(
            f"{path} holds a key of another kind: {curve}",
            why=f"bundles are signed with elliptic-curve keys on {', '.join(_CURVES.values())}",
            hint="name the public key that belongs to the signature" if public else _MAKE_PRIVATE,
        )
    pem = half.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Key(path, hashlib.sha256(pem).hexdigest(), _CURVES[curve])
