"""What `mlpack verify BUNDLE --key PUBLIC.pem` does: whether a bundle is, file by file, what the owner of a key signed.

The signature is model-signing's (https://github.com/sigstore/model-transparency): a DSSE envelope over an in-toto
statement that lists every file with its SHA-256. That library judges the signature and the files; what is added here is the
names of what differs, and that nothing is left out of what it compares.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mlpack.core.errors import UnsafeFileError, UsageError
from mlpack.core.finding import Finding
from mlpack.core.keys import Key, read_public_key
from mlpack.core.libraries import import_library
from mlpack.core.model_file import manifest_in, sha256_of
from mlpack.core.view import Block, Facts, Line, Shown
from mlpack.runtime.manifest import MANIFEST, SIGNATURE, Manifest
from mlpack.scan.rules import bundles

_MOST_BYTES = 16 << 20
_PREDICATE = "https://model_signing/signature/v1.0"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, repr=False)
class SignatureReport(Shown):
    """A bundle whose every file is as the owner of ``key`` signed it. ``files`` holds their SHA-256 by name."""

    command: ClassVar[str] = "verify"

    path: Path
    key: Key
    files: Mapping[str, str]
    manifest: Manifest

    @property
    def exit_code(self) -> int:
        """0: a signature that does not hold raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {
            "verdict": "SIGNED",
            "path": str(self.path),
            "name": self.manifest.name,
            "version": self.manifest.version,
            "signed_by": self.key.to_json(),
            "files": [{"path": name, "sha256": digest} for name, digest in self.files.items()],
        }

    def view(self) -> Sequence[Block]:
        """The verdict, who signed, and what."""
        return [
            Line(f"SIGNED  {self.path}: {len(self.files)} files, each as the owner of the key signed it", "good"),
            Facts(
                [
                    ("name", f"{self.manifest.name} {self.manifest.version}"),
                    ("key", f"{self.key.path}, ECDSA on {self.key.curve}"),
                    ("key SHA-256", self.key.fingerprint),
                    ("files", ", ".join(self.files)),
                ]
            ),
        ]


def check_signature(bundle: Path, key: Path) -> SignatureReport:
    """Hold ``bundle`` against its signature, and that against the public key in the file ``key``.

    Raises UnsafeFileError, naming every file that differs; UsageError for what is no bundle or no such key;
    CorruptFileError for a bundle that was signed though it contradicts itself; MissingLibraryError.
    """
    _check_place(bundle)
    public = read_public_key(key)
    if not os.path.lexists(bundle / SIGNATURE):
        raise UnsafeFileError(
            f"{bundle} is not signed",
            why=f"it holds no {SIGNATURE}: it was packed without --sign, or somebody took the signature out",
            hint="get it from who signed it, or sign it: mlpack pack MODEL -o NAME.mlpack --sign KEY.pem",
            findings=[bundles.UNSIGNED.finding(f"there is no {SIGNATURE}")],
        )
    _refuse(bundle, _links(bundle))
    statement = _statement(bundle, public)
    _check_with_library(bundle, public, statement)
    _refuse(bundle, _differences(bundle, statement, hashed=False))
    return SignatureReport(bundle, public, statement, manifest_in(bundle))


def _check_place(bundle: Path) -> None:
    """A folder that lacks a manifest and has a signature is a bundle that somebody took a file out of."""
    if not bundle.exists():
        raise UsageError(f"{bundle} does not exist", hint=f"check the path: ls {bundle.parent}")
    if not any((bundle / name).is_file() for name in (MANIFEST, SIGNATURE)):
        raise UsageError(
            f"{bundle} is no bundle",
            why="only bundles are signed",
            hint="make one with: mlpack pack MODEL -o NAME.mlpack --sign KEY.pem",
        )


def _links(bundle: Path) -> list[Finding]:
    return [
        bundles.LINK.finding(f"{entry.name!r} is a link, a folder or a device", member=entry.name)
        for entry in os.scandir(bundle)
        if not entry.is_file(follow_symlinks=False)
    ]


def _statement(bundle: Path, key: Key) -> dict[str, str]:
    """The SHA-256 by file name that the signature is about, as it says: not to be believed before it is checked.

    Raises UnsafeFileError for a signature of another key, or one that is damaged.
    """
    path = bundle / SIGNATURE
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_MOST_BYTES))
        envelope, signer = document["dsseEnvelope"], str(document["verificationMaterial"]["publicKey"]["hint"])
        if not _FINGERPRINT.fullmatch(signer):
            raise ValueError("it names no key")
        statement = json.loads(base64.b64decode(envelope["payload"], validate=True))
        predicate = statement["predicate"]
        form = (statement["predicateType"], predicate["serialization"]["method"])
        files = {str(item["name"]): str(item["digest"]) for item in predicate["resources"]}
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise _broken(bundle, f"{path.name} is damaged, or no signature of this kind") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read", why=error.strerror or str(error), hint=f"chmod +r {path}") from error
    if signer != key.fingerprint:
        raise UnsafeFileError(
            f"{bundle} was signed with another key than {key.path}",
            why=f"the signature names the key {signer}\nthe key given is      {key.fingerprint}",
            hint="--key the public key of who has to have signed it; if this is that one, do not use the bundle",
            findings=[bundles.OTHER_KEY.finding(f"the signature names the key {signer}", member=SIGNATURE)],
        )
    if form != (_PREDICATE, "files"):
        raise _broken(bundle, f"{path.name} does not list the files one by one: {form}")
    return files


def _check_with_library(bundle: Path, key: Key, statement: Mapping[str, str]) -> None:
    """Have model-signing check the signature and then every file. Raises UnsafeFileError, MissingLibraryError."""
    library = import_library("model_signing", "sign", f"checking the signature of {bundle}")
    from cryptography.exceptions import InvalidSignature

    # Left to itself it takes what to ignore from the signature, and ignores .git, .gitattributes and the like besides.
    files = (
        library.hashing.Config().use_file_serialization().set_ignored_paths(paths=[SIGNATURE], ignore_git_paths=False)
    )
    check = library.verifying.Config().set_hashing_config(files)
    folder = bundle.resolve()  # a link to a bundle is fine, one inside it is not: the library refuses both
    try:
        check.use_elliptic_key_verifier(public_key=key.path).verify(folder, folder / SIGNATURE)
    except InvalidSignature as error:
        raise _broken(bundle, f"{SIGNATURE} was not made with this key, or was changed afterwards") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OSError) as error:
        _refuse(bundle, _differences(bundle, statement, hashed=True))
        raise _broken(bundle, f"{SIGNATURE} does not hold: {error}".partition("\n")[0]) from error


def _differences(bundle: Path, statement: Mapping[str, str], *, hashed: bool) -> list[Finding]:
    """How the files of ``bundle`` differ from ``statement``; their content only where ``hashed``."""
    present = {entry.name for entry in os.scandir(bundle)} - {SIGNATURE}
    changed = [
        name for name in sorted(present & set(statement)) if hashed and sha256_of(bundle / name) != statement[name]
    ]
    return [
        *(bundles.CHANGED.finding(f"{name!r} was changed", member=name) for name in changed),
        *(bundles.ADDED.finding(f"{name!r} was added", member=name) for name in sorted(present - set(statement))),
        *(bundles.MISSING.finding(f"{name!r} is missing", member=name) for name in sorted(set(statement) - present)),
    ]


def _refuse(bundle: Path, findings: Sequence[Finding]) -> None:
    """Raises UnsafeFileError where there are ``findings``."""
    if findings:
        raise UnsafeFileError(
            f"{bundle} is not what was signed",
            why="\n".join(finding.message for finding in findings),
            hint="do not use it; " + findings[0].hint,
            findings=findings,
        )


def _broken(bundle: Path, why: str) -> UnsafeFileError:
    found = bundles.SIGNATURE.finding(why, member=SIGNATURE)
    return UnsafeFileError(
        f"the signature of {bundle} does not hold", why=why, hint="do not use it; " + found.hint, findings=[found]
    )
