"""The verdict on a file, whatever it is, and that nothing in it runs."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import socket
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import mlpack
from mlpack.audit.file import FileScan
from mlpack.audit.report import ScanReport
from mlpack.core.errors import UsageError

Write = Callable[[str, bytes], Path]


def one(path: Path, **options: object) -> FileScan:
    (found,) = mlpack.scan(path, **options).files
    return found


def rules(found: FileScan) -> list[str]:
    return [finding.rule for finding in found.findings]


@pytest.mark.parametrize("compress", [0, "zlib", "gzip", "bz2", "xz", "lzma"])
def test_an_honest_model_is_safe(tmp_path: Path, compress: int | str) -> None:
    model = LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True))
    path = tmp_path / "iris.joblib"
    joblib.dump(model, path, compress=compress)
    found = one(path)
    assert (found.verdict, found.format, found.what, found.findings) == ("safe", "joblib", "LogisticRegression", ())
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_a_pickle_wants_to_run_is_unsafe_and_does_not_run(write: Write, system: bytes) -> None:
    path = write("hostile.pkl", system)
    found = one(path)
    (finding,) = found.findings
    assert (found.verdict, found.format) == ("unsafe", "pickle")
    assert finding.rule == "pickle/name"
    assert "posix.system('touch owned')" in finding.message
    assert finding.offset == 2
    assert not Path("owned").exists()
    assert not (path.parent / "owned").exists()


def test_what_no_list_knows_needs_trust(write: Write, unlisted: bytes) -> None:
    found = one(write("mine.pkl", unlisted))
    assert found.verdict == "needs-trust"
    assert [finding.use for finding in found.findings] == ["mypackage.features:Scaler:built"]


def test_a_payload_before_a_broken_tail_is_unsafe_and_not_just_corrupt(write: Write, system: bytes) -> None:
    found = one(write("hostile.pkl", system[:-1]))
    assert found.verdict == "unsafe"
    assert rules(found) == ["pickle/name", "file/corrupt"]


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("empty.onnx", b"", "file/corrupt"),
        ("noise.h5", bytes(range(256)) * 9, "file/corrupt"),
        ("model.pt", b"<!DOCTYPE html><title>Sign in</title>", "file/unrecognised"),
        ("model.bin", b"\x00\x01\x02\x03" * 99, "file/unrecognised"),
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "file/unrecognised"),
        ("notes.txt", b"dear diary", "file/unrecognised"),
    ],
)
def test_what_cannot_be_judged_is_corrupt(write: Write, name: str, content: bytes, rule: str) -> None:
    found = one(write(name, content))
    assert (found.verdict, rules(found)) == ("corrupt", [rule])
    assert found.findings[0].hint
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_an_ending_that_lies_does_not_hide_what_is_inside(write: Write, system: bytes) -> None:
    assert rules(one(write("model.onnx", system))) == ["file/ending", "pickle/name"]
    assert one(write("model.h5", system)).verdict == "unsafe"
    honest = write("other.onnx", b"\x80\x02]q\x00.")
    assert (one(honest).verdict, rules(one(honest))) == ("corrupt", ["file/ending"])


def archive(kind: str) -> bytes:
    payload = io.BytesIO()
    if kind == "tar":
        with tarfile.open(fileobj=payload, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("model.pkl"))
    elif kind == "zip":
        with zipfile.ZipFile(payload, "w") as archived:
            archived.writestr("model.onnx", b"\x08\x09")
    else:
        squeeze = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zlib": zlib.compress}
        magic = {"7z": b"7z\xbc\xaf\x27\x1c" + bytes(50), "rar": b"Rar!\x1a\x07\x01\x00" + bytes(50)}
        return magic[kind] if kind in magic else squeeze[kind](archive("tar"))
    return payload.getvalue()


@pytest.mark.parametrize("kind", ["7z", "rar", "tar", "zip", "gzip", "bz2", "xz", "zlib"])
@pytest.mark.parametrize("name", ["model.dat", "model.pkl"])
def test_an_archive_that_was_not_looked_into_is_unsafe(write: Write, kind: str, name: str) -> None:
    found = one(write(name, archive(kind)))
    assert (found.verdict, rules(found)) == ("unsafe", ["file/container"])


def test_what_lies_in_an_archive_is_named(tmp_path: Path, system: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "models.zip", "w") as archived:
        archived.writestr("inner/hostile.pkl", system)
    with tarfile.open(tmp_path / "models.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("hostile.pkl")
        info.size = len(system)
        tar.addfile(info, io.BytesIO(system))
    for found in mlpack.scan(tmp_path).files:
        assert found.verdict == "unsafe"
        (finding,) = (one for one in found.findings if one.rule == "pickle/name")
        assert finding.member.endswith("hostile.pkl")
        assert "posix.system" in finding.message


def test_arrays_are_safe_and_objects_in_them_are_not(tmp_path: Path) -> None:
    class Surprise:
        def __reduce__(self) -> object:
            return os.system, ("touch owned",)

    np.save(tmp_path / "good.npy", np.zeros((3, 2)))
    np.savez(tmp_path / "good.npz", a=np.zeros(3), b=np.array(["x"]))
    np.save(tmp_path / "evil.npy", np.array([Surprise()], object), allow_pickle=True)
    np.savez_compressed(tmp_path / "evil.npz", a=np.array([Surprise()], object))
    found = {file.path.name: file for file in mlpack.scan(tmp_path).files}
    told = {name: (file.format, file.verdict, file.what) for name, file in found.items()}
    assert told == {
        "evil.npy": ("npy", "unsafe", "an array"),
        "evil.npz": ("npz", "unsafe", "1 array"),
        "good.npy": ("npy", "safe", "an array"),
        "good.npz": ("npz", "safe", "2 arrays"),
    }
    for name in ("evil.npy", "evil.npz"):
        assert any("posix.system('touch owned')" in finding.message for finding in found[name].findings)


def test_arrays_under_the_name_of_a_model_are_corrupt(tmp_path: Path) -> None:
    with (tmp_path / "model.pkl").open("wb") as file:
        np.save(file, np.zeros(3))
    assert one(tmp_path / "model.pkl").verdict == "corrupt"


def test_an_archive_behind_an_image_is_found(tmp_path: Path, system: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "archive", "w") as archived:
        archived.writestr("hostile.pkl", system)
    (tmp_path / "plot.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99) + (tmp_path / "archive").read_bytes())
    (tmp_path / "archive").unlink()
    found = one(tmp_path)
    assert found.verdict == "unsafe"
    assert "pickle/name" in rules(found)


@pytest.mark.parametrize("squeeze", [bytes, zlib.compress, gzip.compress])
def test_a_pickle_that_looks_like_text_is_found(write: Write, squeeze: Callable[[bytes], bytes]) -> None:
    text = squeeze(b"I1\n0cos\nsystem\n(S'touch owned'\ntR.")
    found = mlpack.scan(write("folder/notes.txt", text).parent)
    assert [file.verdict for file in found.files] == ["unsafe"]
    assert "os.system('touch owned')" in found.files[0].findings[0].message


@pytest.mark.parametrize(
    "text", ["cat\ndog\ncow\n", "class Foo:\n    pass\n", "import os\nos.system\n", "(a, b)\n[1]\n."]
)
def test_text_that_reads_as_the_beginning_of_a_pickle_is_text(write: Write, text: str) -> None:
    report = mlpack.scan(write("folder/words.txt", text.encode()).parent)
    assert (report.files, report.plain, report.exit_code) == ((), 1, 0)


def test_what_is_no_regular_file_is_told_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pkl")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.pkl"))
        found = {file.path.name: file for file in mlpack.scan(tmp_path).files}
    assert {name: rules(file) for name, file in found.items()} == {
        "pipe.pkl": ["file/special"],
        "socket.pkl": ["file/special"],
    }
    assert one(tmp_path / "pipe.pkl").verdict == "corrupt"
    assert rules(one(Path("/dev/null"))) == ["file/special"]


def test_a_link_to_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").symlink_to("gone.pkl")
    for found in (one(tmp_path / "model.pkl"), one(tmp_path)):
        assert (found.verdict, rules(found)) == ("corrupt", ["file/link"])
        assert "gone.pkl" in found.findings[0].message


def test_ten_gigabytes_of_nothing_are_told_at_once(tmp_path: Path) -> None:
    with (tmp_path / "sparse.bin").open("wb") as file:
        file.truncate(10 << 30)
    found = one(tmp_path)
    assert (found.verdict, rules(found), found.sha256) == ("corrupt", ["file/unrecognised"], "")


AS_NOBODY = """
import os, mlpack
mlpack.scan(".")  # what is imported on the way lies where nobody else may read
if not os.geteuid():
    os.seteuid(65534)  # root may read everything
for file in mlpack.scan(".").files:
    print(file.path, file.verdict, *[finding.rule for finding in file.findings])
"""


def test_files_and_folders_without_permission_do_not_end_the_scan_of_the_others(zoo: Path) -> None:
    (zoo / "safe.pkl").chmod(0)
    (zoo / "inner").chmod(0)
    zoo.chmod(0o755)
    run = subprocess.run([sys.executable, "-c", AS_NOBODY], cwd=zoo, capture_output=True, text=True, check=True)
    (zoo / "inner").chmod(0o755)
    assert run.stdout.splitlines() == [
        "cut.pkl corrupt file/corrupt",
        "inner corrupt file/unreadable",
        "mine.pkl needs-trust pickle/unlisted",
        "safe.pkl corrupt file/unreadable",
        "unsafe.pkl unsafe pickle/name",
    ]


def test_a_reader_that_fails_is_told_and_the_others_go_on(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlpack.formats.pickle import PickleFormat

    def broken(_: PickleFormat, path: Path) -> None:
        raise ZeroDivisionError(path.name)

    monkeypatch.setattr(PickleFormat, "read_header", broken)
    report = mlpack.scan(zoo)
    assert {file.verdict for file in report.files} == {"corrupt"}
    assert "mlpack has a bug: ZeroDivisionError: cut.pkl" in report.files[0].findings[0].message


def test_a_file_that_changes_underneath_is_told(write: Write, monkeypatch: pytest.MonkeyPatch, system: bytes) -> None:
    from mlpack.audit import file as scanned
    from mlpack.audit.reading import look_into

    path = write("model.pkl", b"\x80\x02]q\x00.")

    def swapped(target: Path) -> object:
        reading = look_into(target)
        other = target.with_name("other")
        other.write_bytes(system)
        other.replace(target)
        return reading

    def written(target: Path) -> object:
        reading = look_into(target)
        target.write_bytes(system)
        return reading

    for change, says in ((written, "written to"), (swapped, "another file")):
        path.write_bytes(b"\x80\x02]q\x00.")
        monkeypatch.setattr(scanned, "look_into", change)
        found = one(path)
        assert (found.verdict, rules(found)) == ("corrupt", ["file/changed"])
        assert says in found.findings[0].message


def test_weights_beside_an_onnx_model_are_its_own(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.random.default_rng(0).standard_normal((64, 64)).astype("float32"), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 64])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="m.weights", size_threshold=0)
    report = mlpack.scan(tmp_path)
    assert [(file.path.name, file.verdict, file.what) for file in report.files] == [
        ("m.onnx", "safe", report.files[0].what),
        ("m.weights", "safe", "weights of m.onnx"),
    ]
    (tmp_path / "m.onnx").unlink()
    assert one(tmp_path).verdict == "corrupt"


@pytest.mark.parametrize(
    ("kept", "code"),
    [
        (["safe.pkl"], 0),
        (["safe.pkl", "mine.pkl"], 11),
        (["mine.pkl", "cut.pkl"], 7),
        (["mine.pkl", "cut.pkl", "unsafe.pkl"], 4),
    ],
)
def test_the_exit_code_is_that_of_the_worst(zoo: Path, kept: list[str], code: int) -> None:
    assert mlpack.scan([zoo / name for name in kept]).exit_code == code


def test_trust_lifts_what_needs_it_and_nothing_else(zoo: Path) -> None:
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in zoo.glob("*.pkl")]
    report = mlpack.scan(zoo, trust=digests)
    verdicts = {file.path.name: file.verdict for file in report.files}
    assert verdicts["mine.pkl"] == "safe"
    assert (verdicts["unsafe.pkl"], verdicts["cut.pkl"]) == ("unsafe", "corrupt")
    (mine,) = (file for file in report.files if file.path.name == "mine.pkl")
    assert rules(mine) == ["pickle/unlisted", "file/trusted"]
    assert [finding["trusted"] for finding in mine.to_json()["findings"]] == [True, False]


def test_an_allowed_use_lifts_its_findings(zoo: Path) -> None:
    assert one(zoo / "mine.pkl", allow=["mypackage.features:Scaler:built"]).verdict == "safe"
    assert one(zoo / "mine.pkl", allow=["mypackage.features:Scaler:called"]).verdict == "needs-trust"


def test_the_json_form_is_frozen(here: Path) -> None:
    document = json.loads(json.dumps(mlpack.scan(here / "mine.pkl").to_json()))
    assert document == {
        "files": [
            {
                "path": "mine.pkl",
                "format": "pickle",
                "sha256": hashlib.sha256(Path("mine.pkl").read_bytes()).hexdigest(),
                "verdict": "needs-trust",
                "findings": [
                    {
                        "rule": "pickle/unlisted",
                        "severity": "warning",
                        "message": document["files"][0]["findings"][0]["message"],
                        "member": None,
                        "offset": 2,
                        "hint": document["files"][0]["findings"][0]["hint"],
                        "use": "mypackage.features:Scaler:built",
                        "trusted": False,
                    }
                ],
            }
        ]
    }


def test_a_path_that_does_not_exist_is_an_error_and_nothing_is_scanned(zoo: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.pkl does not exist"):
        mlpack.scan([zoo, zoo / "nothing.pkl"])
    with pytest.raises(UsageError, match="nothing to scan"):
        mlpack.scan([])


def test_a_notebook_shows_it(zoo: Path) -> None:
    report = mlpack.scan(str(zoo))
    assert isinstance(report, ScanReport)
    page = report._repr_html_()
    assert "posix.system(&#x27;touch owned&#x27;)" in page
    assert "1 unsafe, 1 corrupt, 1 needs-trust, 2 safe" in page


def test_the_function_and_the_package_of_the_readers_have_one_name() -> None:
    code = (
        "import mlpack\n"
        "import mlpack.scan.pickles as pickles\n"
        "import mlpack.scan.trusted\n"
        "from mlpack import scan\n"
        "from mlpack.scan.rules import all_rules\n"
        "assert pickles is mlpack.scan.pickles and mlpack.scan.trusted and all_rules()\n"
        "print(mlpack.scan(mlpack.__path__[0] + '/scan/rules').exit_code)\n"
    )
    for first in ("", "import mlpack.scan.rules\n", "import mlpack.audit\n"):
        ended = subprocess.run([sys.executable, "-c", first + code], capture_output=True, text=True, check=False)
        assert (ended.stdout, ended.stderr) == ("0\n", "")


def test_scanning_imports_no_model_library(zoo: Path) -> None:
    code = (
        "import sys, mlpack; mlpack.scan(sys.argv[1]).view(); print(sorted({n.partition('.')[0] for n in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code, zoo], capture_output=True, text=True, check=True).stdout
    heavy = ("sklearn", "joblib", "torch", "tensorflow", "keras", "onnx", "h5py", "scipy", "pandas", "typer", "rich")
    assert not [name for name in heavy if f"'{name}'" in loaded]
