"""Keys are read, told apart and fingerprinted; each thing that is no such key has an error of its own."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption as Locked
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mlpack.core.errors import UsageError
from mlpack.core.keys import needs_password, read_private_key, read_public_key

FORMS = {
    "pkcs8": (PrivateFormat.PKCS8, NoEncryption()),
    "sec1": (PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "pkcs8 locked": (PrivateFormat.PKCS8, Locked(b"sesame")),
    "sec1 locked": (PrivateFormat.TraditionalOpenSSL, Locked(b"sesame")),
}


def private_pem(key, form="pkcs8"):
    return key.private_bytes(Encoding.PEM, *FORMS[form])


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def written(folder: Path, content: bytes, name: str = "some.pem") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("curve", "name"), [(ec.SECP256R1(), "P-256"), (ec.SECP384R1(), "P-384"), (ec.SECP521R1(), "P-521")]
)
def test_both_halves_have_one_fingerprint_and_it_is_that_of_the_public_file(curve, name, tmp_path):
    key = ec.generate_private_key(curve)
    public = read_public_key(written(tmp_path, public_pem(key)))
    private = read_private_key(written(tmp_path, private_pem(key), "private.pem"))
    assert public.fingerprint == private.fingerprint == hashlib.sha256(public_pem(key)).hexdigest()
    assert public.curve == private.curve == name
    assert public.to_json() == {"algorithm": "ECDSA", "curve": name, "fingerprint": public.fingerprint}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_private_key_opens(form, tmp_path):
    path = written(tmp_path, private_pem(ec.generate_private_key(ec.SECP256R1()), form))
    assert needs_password(path) == ("locked" in form)
    assert read_private_key(path, "sesame").curve == "P-256"  # a key without a password takes none
    assert not needs_password(tmp_path / "none.pem")


@pytest.mark.parametrize("form", ["pkcs8 locked", "sec1 locked"])
def test_a_locked_key_opens_with_its_password_only(form, tmp_path):
    path = written(tmp_path, private_pem(ec.generate_private_key(ec.SECP256R1()), form))
    for none in (None, ""):
        with pytest.raises(UsageError, match="protected by a password") as refused:
            read_private_key(path, none)
        assert "MLPACK_KEY_PASSWORD" in refused.value.hint
    with pytest.raises(UsageError, match="the password does not open"):
        read_private_key(path, "simsim")


OTHER_KINDS = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_a_key_of_another_kind_is_named(kind, tmp_path):
    key = OTHER_KINDS[kind]()
    for read, pem in ((read_private_key, private_pem(key)), (read_public_key, public_pem(key))):
        with pytest.raises(UsageError, match=f"a key of another kind: {kind}") as refused:
            read(written(tmp_path, pem))
        assert "P-256" in refused.value.why
        assert refused.value.hint


def test_halves_that_are_mixed_up_are_told(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(UsageError, match="holds a private key") as refused:
        read_public_key(written(tmp_path, private_pem(key)))
    assert refused.value.hint.startswith("openssl pkey -in")
    with pytest.raises(UsageError, match="is no private key") as refused:
        read_private_key(written(tmp_path, public_pem(key)))
    assert "the private key that belongs to it" in refused.value.hint
    with pytest.raises(
        UsageError, match="holds a private key"
    ):  # a file with both would give the secret away all the same
        read_public_key(written(tmp_path, public_pem(key) + private_pem(key)))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no line in it begins a key"),
        (b"dear diary\n", "no line in it begins a key"),
        (bytes(range(256)) * 20, "no line in it begins a key"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "CERTIFICATE"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n", "PRIVATE KEY"),
    ],
    ids=["empty", "text", "bytes", "certificate", "ssh"],
)
def test_what_is_no_key_in_pem(content, says, tmp_path):
    for read in (read_private_key, read_public_key):
        with pytest.raises(UsageError) as refused:
            read(written(tmp_path, content))
        assert says.lower() in f"{refused.value} {refused.value.why}".lower()
        assert refused.value.hint


def test_a_damaged_key(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    for read, pem in ((read_private_key, private_pem(key)), (read_public_key, public_pem(key))):
        for damaged in (pem[:100], pem.replace(b"M", b"Z")):
            with pytest.raises(UsageError, match="cannot be read") as refused:
                read(written(tmp_path, damaged))
            assert refused.value.why


def test_no_file_a_folder_and_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (read_private_key, read_public_key):
        with pytest.raises(UsageError, match="does not exist"):
            read(tmp_path / "none.pem")
        for path in (tmp_path, tmp_path / "pipe"):
            with pytest.raises(UsageError, match="is no key file"):
                read(path)
