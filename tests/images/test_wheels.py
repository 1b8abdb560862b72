"""Wheels for an image: found by name, version and machine; brought by the user's pip, and kept."""

import hashlib
import zipfile

import pytest

from mlpack.core.errors import EngineError, UsageError
from mlpack.images.target import Target, this_python
from mlpack.images.wheels import requirements_text, wheels_by_pip, wheels_in

HERE = this_python()
INTEL = Target((3, 11), "x86_64", "glibc", (2, 36))
NATIVE = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"


def wheel(folder, name, version, tags="py3-none-any"):
    """A wheel as pip takes it, with one module in it."""
    info = f"{name}-{version}.dist-info"
    pure, machine = ("true", tags.split("-")) if tags.endswith("any") else ("false", tags.split("-"))
    path = folder / f"{name}-{version}-{tags}.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        expanded = "".join(f"Tag: {machine[0]}-{machine[1]}-{one}\n" for one in machine[2].split("."))
        file.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {pure}\n{expanded}")
        file.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "cache"))


def test_the_wheel_that_fits_best_is_taken(tmp_path):
    wheel(tmp_path, "part", "1.0")
    native = wheel(tmp_path, "part", "1.0", NATIVE)
    wheel(tmp_path, "part", "1.0", "cp312-cp312-manylinux_2_17_x86_64")
    wheel(tmp_path, "part", "1.0", "cp311-cp311-manylinux_2_99_x86_64")
    wheel(tmp_path, "part", "1.1", NATIVE)
    (tmp_path / "no wheel.whl").write_bytes(b"")
    (found,) = wheels_in(tmp_path, {"part": "1.0"}, INTEL)
    assert found.path == native
    assert found.sha256 == hashlib.sha256(native.read_bytes()).hexdigest()
    assert found.sha256 in requirements_text([found], INTEL)


def test_a_local_build_is_one_of_its_version(tmp_path):
    wheel(tmp_path, "torch", "2.9.0+cpu", NATIVE)
    (found,) = wheels_in(tmp_path, {"torch": "2.9.0"}, INTEL)
    assert "torch==2.9.0+cpu" in requirements_text([found], INTEL)


def test_what_is_missing_is_named_with_the_command_that_brings_it(tmp_path):
    wheel(tmp_path, "here", "1.0")
    wheel(tmp_path, "other", "1.0", "cp311-cp311-win_amd64")
    with pytest.raises(EngineError, match=r"no wheel for gone==2\.0, other==1\.0") as caught:
        wheels_in(tmp_path, {"here": "1.0", "other": "1.0", "gone": "2.0"}, INTEL)
    assert "pip download" in caught.value.hint
    assert "gone==2.0" in caught.value.hint
    assert "x86_64" in caught.value.why


def test_a_folder_that_is_none_is_told(tmp_path):
    with pytest.raises(UsageError, match="is no folder"):
        wheels_in(tmp_path / "gone", {}, INTEL)


@pytest.mark.usefixtures("own_cache")
def test_pip_brings_them_as_it_is_set_up_and_they_are_kept(tmp_path, monkeypatch):
    index = tmp_path / "index"
    index.mkdir()
    source = wheel(index, "mlpack_test_part", "1.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    pins = {"mlpack-test-part": "1.0"}
    (first,) = wheels_by_pip(pins, HERE)
    source.unlink()
    assert wheels_by_pip(pins, HERE) == [first]
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(EngineError, match="cannot be had"):
        wheels_by_pip(pins, HERE)  # another index: what it has under this name may be something else


@pytest.mark.usefixtures("own_cache")
def test_what_the_index_has_not_is_told_in_the_words_of_pip(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(EngineError, match="requirements of the service") as caught:
        wheels_by_pip({"mlpack-no-such-part": "1.0"}, HERE)
    assert "mlpack-no-such-part" in caught.value.why
    assert "--wheels" in caught.value.hint
