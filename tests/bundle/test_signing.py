"""A signed bundle holds against its signature in every file, and any change to it is refused and named."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import mlpack
from mlpack.core.errors import UnsafeFileError, UsageError

FILES = ("golden.npz", "mlpack.json", "model.onnx", "parity.json", "sbom.cdx.json")
ROWS, LABELS = load_iris(return_X_y=True)


def write_pair(folder: Path, name: str, password: bytes | None = None) -> None:
    """A private key in ``name.pem`` and its public half in ``name.pub.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    (folder / f"{name}.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub.pem").write_bytes(public)


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> Path:
    """A folder with the keys of mine, theirs, and one with the password "sesame"."""
    folder = tmp_path_factory.mktemp("keys")
    write_pair(folder, "mine")
    write_pair(folder, "theirs")
    write_pair(folder, "locked", b"sesame")
    return folder


@pytest.fixture(scope="module")
def model():
    return LogisticRegression(max_iter=1000).fit(ROWS, LABELS)


@pytest.fixture(scope="module")
def packed(keys, model, tmp_path_factory):
    """A bundle signed with my key, and what packing it gave."""
    path = tmp_path_factory.mktemp("signed") / "iris.mlpack"
    return mlpack.pack(model, path, sample=ROWS, budget=5, sign=keys / "mine.pem")


@pytest.fixture
def bundle(packed, tmp_path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(packed.path, tmp_path / "iris.mlpack"))


def refusal(bundle: Path, key: Path) -> UnsafeFileError:
    with pytest.raises(UnsafeFileError) as refused:
        mlpack.verify(bundle, key=key)
    assert refused.value.hint
    return refused.value


def rules(error: UnsafeFileError) -> list[tuple[str, str]]:
    return [(finding.rule, finding.member) for finding in error.findings]


def statement(bundle: Path) -> dict:
    """What the signature is about, as it stands in it."""
    return json.loads(base64.b64decode(json.loads((bundle / "model.sig").read_text())["dsseEnvelope"]["payload"]))


def model_signing(*arguments) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "model_signing", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def call(*arguments, **environment) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command line, far from any terminal."""
    ended = subprocess.run(
        [sys.executable, "-m", "mlpack", *map(str, arguments)],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env={**os.environ, **environment},
    )  # fmt: skip
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout, ended.stderr


def test_packing_says_who_signed(packed, keys):
    fingerprint = hashlib.sha256((keys / "mine.pub.pem").read_bytes()).hexdigest()
    assert packed.to_json()["signed_by"] == {"algorithm": "ECDSA", "curve": "P-256", "fingerprint": fingerprint}
    shown = dict(packed.view()[1].pairs)
    assert "mine.pem" in shown["signed with"]
    assert shown["key SHA-256"] == fingerprint


def test_a_signature_holds_for_every_file(packed, bundle, keys):
    report = mlpack.verify(bundle, key=keys / "mine.pub.pem")
    assert report.exit_code == 0
    assert repr(report).startswith("<SignatureReport: SIGNED")
    assert report.files == {name: hashlib.sha256((bundle / name).read_bytes()).hexdigest() for name in FILES}
    assert {path.name for path in bundle.iterdir()} == {*FILES, "model.sig"}
    assert report.to_json()["signed_by"] == packed.to_json()["signed_by"]
    assert mlpack.load(bundle).run(ROWS)["label"].shape == (150,)
    assert mlpack.inspect(bundle).to_json()["signed"]


def test_what_is_signed_names_the_bundle_and_leaves_out_the_signature_alone(bundle):
    signed = statement(bundle)
    assert signed["subject"][0]["name"] == "iris.mlpack"
    assert signed["predicate"]["serialization"]["ignore_paths"] == ["model.sig"]
    assert [item["name"] for item in signed["predicate"]["resources"]] == list(FILES)


def test_another_name_for_the_folder_changes_nothing(bundle, keys):
    renamed = bundle.rename(bundle.with_name("renamed"))
    (renamed.parent / "latest").symlink_to(renamed)
    for path in (renamed, renamed.parent / "latest"):
        assert set(mlpack.verify(path, key=keys / "mine.pub.pem").files) == set(FILES)


def test_model_signing_itself_agrees(bundle, keys):
    check = ("verify", "key", bundle, "--signature", bundle / "model.sig", "--public_key", keys / "mine.pub.pem")
    assert model_signing(*check).returncode == 0
    (bundle / "golden.npz").write_bytes(b"x")
    ended = model_signing(*check)
    assert ended.returncode != 0
    assert "Hash mismatch for 'golden.npz'" in ended.stderr + ended.stdout


def test_what_model_signing_signed_is_accepted(bundle, keys):
    (bundle / "model.sig").unlink()
    target = ("--signature", bundle / "model.sig", "--private_key", keys / "theirs.pem")
    assert model_signing("sign", "key", bundle, *target).returncode == 0
    assert set(mlpack.verify(bundle, key=keys / "theirs.pub.pem").files) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_each_file_changed_and_each_taken_away(bundle, keys, name):
    data = (bundle / name).read_bytes()
    (bundle / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    error = refusal(bundle, keys / "mine.pub.pem")
    assert rules(error) == [("bundle/changed", name)]
    assert error.why == f"{name!r} was changed"
    (bundle / name).unlink()
    assert rules(refusal(bundle, keys / "mine.pub.pem")) == [("bundle/missing", name)]


@pytest.mark.parametrize("name", ["sitecustomize.py", "model.onnx.data", ".gitattributes", ".gitignore", "a.sig"])
def test_each_file_added(bundle, keys, name):
    (bundle / name).write_bytes(b"")
    assert rules(refusal(bundle, keys / "mine.pub.pem")) == [("bundle/added", name)]


def test_links_and_folders(bundle, packed, keys):
    (bundle / ".git").mkdir()
    assert rules(refusal(bundle, keys / "mine.pub.pem")) == [("bundle/link", ".git")]
    (bundle / ".git").rmdir()
    for name in ("golden.npz", "model.sig"):
        (bundle / name).unlink()
        (bundle / name).symlink_to(Path(packed.path) / name)
        assert rules(refusal(bundle, keys / "mine.pub.pem")) == [("bundle/link", name)]
        (bundle / name).unlink()
        shutil.copy(Path(packed.path) / name, bundle)


def test_all_that_differs_is_named_at_once(bundle, keys):
    (bundle / "model.onnx").write_bytes(b"x")
    (bundle / "evil.py").touch()
    (bundle / "parity.json").unlink()
    error = refusal(bundle, keys / "mine.pub.pem")
    assert error.why.splitlines() == ["'model.onnx' was changed", "'evil.py' was added", "'parity.json' is missing"]


def test_another_key_and_no_signature(bundle, keys):
    error = refusal(bundle, keys / "theirs.pub.pem")
    assert rules(error) == [("bundle/other-key", "model.sig")]
    assert hashlib.sha256((keys / "mine.pub.pem").read_bytes()).hexdigest() in error.why
    (bundle / "model.sig").unlink()
    assert rules(refusal(bundle, keys / "mine.pub.pem")) == [("bundle/unsigned", "")]


def spoil_payload(document):
    claims = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
    claims["predicate"]["resources"][2]["digest"] = "0" * 64
    document["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(claims).encode()).decode()


def spoil_signature(document):
    raw = bytearray(base64.b64decode(document["dsseEnvelope"]["signatures"][0]["sig"]))
    raw[-1] ^= 1
    document["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(raw).decode()


SPOILT = {
    "payload": spoil_payload,
    "signature": spoil_signature,
    "no signature in it": lambda document: document["dsseEnvelope"]["signatures"].clear(),
    "no key": lambda document: document["verificationMaterial"]["publicKey"].clear(),
    "a key that is no hash": lambda document: document["verificationMaterial"]["publicKey"].update(hint="\x1b[2J"),
    "a second envelope": lambda document: document.update(dsse_envelope=document["dsseEnvelope"]),
    "another type": lambda document: document.update(mediaType="text/plain"),
    "no envelope": lambda document: document.update(dsseEnvelope=None),
    "another payload": lambda document: document["dsseEnvelope"].update(payload="e30="),
    "no base64": lambda document: document["dsseEnvelope"].update(payload="?"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_signature_that_was_changed(bundle, keys, spoilt):
    document = json.loads((bundle / "model.sig").read_text())
    SPOILT[spoilt](document)
    (bundle / "model.sig").write_text(json.dumps(document))
    assert rules(refusal(bundle, keys / "mine.pub.pem")) == [("bundle/signature", "model.sig")]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"[" * 100_000, b"\xff\x00", b"1"])
def test_what_is_no_signature(bundle, keys, content):
    (bundle / "model.sig").write_bytes(content)
    assert rules(refusal(bundle, keys / "mine.pub.pem")) == [("bundle/signature", "model.sig")]


def test_their_signature_under_my_name(bundle, keys):
    """Somebody signs a changed bundle with a key of theirs and writes my fingerprint over it."""
    hint = json.loads((bundle / "model.sig").read_text())["verificationMaterial"]["publicKey"]["hint"]
    (bundle / "model.sig").unlink()
    model_signing("sign", "key", bundle, "--signature", bundle / "model.sig", "--private_key", keys / "theirs.pem")
    document = json.loads((bundle / "model.sig").read_text())
    document["verificationMaterial"]["publicKey"]["hint"] = hint
    (bundle / "model.sig").write_text(json.dumps(document))
    error = refusal(bundle, keys / "mine.pub.pem")
    assert rules(error) == [("bundle/signature", "model.sig")]
    assert "not made with this key" in error.why


def test_a_signature_that_leaves_files_out(bundle, keys):
    """model-signing accepts it: the paths to ignore are part of what was signed. A bundle has to be signed whole."""
    (bundle / "model.sig").unlink()
    signed = ("--signature", bundle / "model.sig")
    ignored = ("--ignore-paths", bundle / "model.onnx")
    model_signing("sign", "key", bundle, *signed, "--private_key", keys / "mine.pem", *ignored)
    (bundle / "model.onnx").write_bytes(b"x")
    assert model_signing("verify", "key", bundle, *signed, "--public_key", keys / "mine.pub.pem").returncode == 0
    assert rules(refusal(bundle, keys / "mine.pub.pem")) == [("bundle/added", "model.onnx")]


def test_two_signed_packs_differ_in_the_signature_alone(packed, keys, model, tmp_path):
    """And in that only by ECDSA's random number: what was signed is the same, byte for byte."""
    mlpack.pack(model, tmp_path / "iris.mlpack", sample=ROWS, budget=5, sign=keys / "mine.pem")
    first, second = Path(packed.path), tmp_path / "iris.mlpack"
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    one, other = (json.loads((path / "model.sig").read_text()) for path in (first, second))
    assert one["dsseEnvelope"].pop("signatures") != other["dsseEnvelope"].pop("signatures")
    assert one == other


def test_packing_over_a_signed_bundle_replaces_all_of_it(bundle, keys, model):
    mlpack.pack(model, bundle, sample=ROWS, budget=5, version="2", sign=keys / "theirs.pem")
    assert mlpack.verify(bundle, key=keys / "theirs.pub.pem").manifest.version == "2"
    unsigned = mlpack.pack(model, bundle, sample=ROWS, budget=5)
    assert unsigned.to_json()["signed_by"] is None
    assert "signed with" not in dict(unsigned.view()[1].pairs)
    assert {path.name for path in bundle.iterdir()} == set(FILES)
    assert rules(refusal(bundle, keys / "mine.pub.pem")) == [("bundle/unsigned", "")]
    assert os.listdir(bundle.parent) == ["iris.mlpack"]


def test_a_key_that_cannot_sign_is_refused_before_anything_is_written(keys, model, tmp_path):
    for key in ("none.pem", "mine.pub.pem", "locked.pem"):
        with pytest.raises(UsageError):
            mlpack.pack(model, tmp_path / "iris.mlpack", sample=ROWS, sign=keys / key)
    assert not os.listdir(tmp_path)


def test_a_password_from_python(keys, model, tmp_path):
    mlpack.pack(model, tmp_path / "b", sample=ROWS, budget=5, sign=str(keys / "locked.pem"), password="sesame")
    assert mlpack.verify(str(tmp_path / "b"), key=str(keys / "locked.pub.pem")).exit_code == 0


def test_what_is_no_bundle_and_what_is_no_signature_check(bundle, keys, model, tmp_path):
    key = keys / "mine.pub.pem"
    for path, says in ((tmp_path / "none", "does not exist"), (tmp_path, "no bundle"), (key, "no bundle")):
        with pytest.raises(UsageError, match=says):
            mlpack.verify(path, key=key)
    for arguments in ((bundle, bundle), (model,)):
        with pytest.raises(UsageError, match="the signature of one bundle"):
            mlpack.verify(*arguments, key=key)
    for option in ({"bisect": True}, {"report": "r.json"}, {"rtol": 0.0}, {"data": ROWS}):
        with pytest.raises(UsageError, match="the signature of one bundle"):
            mlpack.verify(bundle, key=key, **option)
    with pytest.raises(UsageError, match="no candidate"):
        mlpack.verify(bundle)


def test_the_command_line_signs_and_checks(bundle, keys, tmp_path):
    """With a locked key, whose password is in the environment; the model is a bundle that is signed already."""
    out, locked = tmp_path / "again.mlpack", ("--sign", keys / "locked.pem", "--json")
    code, stdout, _ = call("pack", bundle, "-o", out, *locked)
    assert (code, json.loads(stdout)["errors"][0]["type"], out.exists()) == (2, "UsageError", False)
    code, stdout, _ = call("pack", bundle, "-o", out, *locked, MLPACK_KEY_PASSWORD="simsim")
    assert (code, "does not open" in stdout, out.exists()) == (2, True, False)
    code, stdout, stderr = call("pack", bundle, "-o", out, *locked, MLPACK_KEY_PASSWORD="sesame")
    assert code == 0, stderr
    signed_by = json.loads(stdout)["data"]["signed_by"]
    code, stdout, _ = call("verify", out, "--key", keys / "locked.pub.pem", "--json")
    data = json.loads(stdout)["data"]
    assert (code, data["verdict"], data["signed_by"]) == (0, "SIGNED", signed_by)
    (out / "golden.npz").write_bytes(b"x")
    code, stdout, stderr = call("verify", out, "--key", keys / "locked.pub.pem")
    assert (code, stdout) == (4, "")
    assert stderr.startswith(f"error: {out} is not what was signed\n  'golden.npz' was changed\nnext: ")


def test_a_terminal_is_asked_for_the_password(bundle, keys, tmp_path):
    command = [
        sys.executable,
        "-m",
        "mlpack",
        "pack",
        bundle,
        "-o",
        tmp_path / "t.mlpack",
        "--sign",
        keys / "locked.pem",
    ]
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.executable, [*map(str, command), "--quiet"])
    seen = b""
    while not seen.endswith(b": "):  # the blank comes once nothing is echoed any more
        seen += os.read(terminal, 1000)
    os.write(terminal, b"sesame\n")
    while part := read_terminal(terminal):
        seen += part
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0, seen
    assert b"Password of" in seen
    assert b"sesame" not in seen
    assert mlpack.verify(tmp_path / "t.mlpack", key=keys / "locked.pub.pem").exit_code == 0


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1000)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_without_the_extra_it_says_what_to_install(bundle, keys, tmp_path):
    code = """
import sys
sys.modules["model_signing"] = None  # what Python itself takes for "not installed"
from mlpack.cli.main import run
run(sys.argv[1:])
"""
    for arguments in (
        ["verify", bundle, "--key", keys / "mine.pub.pem"],
        ["pack", bundle, "-o", tmp_path / "new.mlpack", "--sign", keys / "mine.pem"],
    ):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 6
        assert ended.stderr.endswith('next: pip install "mlpack-toolkit[sign]"\n')
    assert not (tmp_path / "new.mlpack").exists()
