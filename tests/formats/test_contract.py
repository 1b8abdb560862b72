"""What every registered format keeps: save → identify → load → equal answers, equal bytes, provenance, clean refusals."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mlpack.core.errors import CorruptFileError, TrustError
from mlpack.core.model_file import sha256_of
from mlpack.core.trust import Trust
from mlpack.formats import all_formats, format_named, identify

HELD = [(form.name, framework) for form in all_formats().values() for framework in form.frameworks]
FORMATS = [(form.name, form.frameworks[0]) for form in all_formats().values()]

PROVENANCE = {"mlpack.source": "iris – déjà vu", "mlpack.verdict": "PASS"}


def saved(name, framework, model_of, folder, ending=None):
    form = format_named(name)
    path = folder / f"model{form.suffixes[0] if ending is None else ending}"
    form.save(model_of(framework), path)
    return path


def is_same_kind(name, found):
    # A model without NumPy arrays (Keras and XGBoost hold bytes, torch its own storages) leaves no trace of joblib.
    return found == name or (name == "joblib" and found == "pickle")


@pytest.mark.parametrize(("name", "framework"), HELD)
def test_round_trip(name, framework, model_of, answers, tmp_path):
    path = saved(name, framework, model_of, tmp_path)
    form, header = identify(path)
    assert is_same_kind(name, form.name)
    assert header.format == form.name
    assert header.framework == framework
    assert header.model
    loaded = format_named(name).load(path, Trust.of([sha256_of(path)]))
    np.testing.assert_array_equal(answers(framework, loaded), answers(framework, model_of(framework)))


@pytest.mark.parametrize(("name", "framework"), HELD)
def test_equal_models_give_equal_bytes(name, framework, model_of, tmp_path):
    (tmp_path / "other name").mkdir()
    first = saved(name, framework, model_of, tmp_path)
    second = saved(name, framework, model_of, tmp_path / "other name", ending=".bin")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("name", "framework"), FORMATS)
@pytest.mark.parametrize("ending", ["", ".bin", ".model", ".sav", ".v2", ".dat"])
def test_told_by_content_whatever_the_ending(name, framework, ending, model_of, tmp_path):
    path = saved(name, framework, model_of, tmp_path, ending)
    assert identify(path)[0].name == name
    assert format_named(name).load(path, Trust.of([sha256_of(path)])) is not None


@pytest.mark.parametrize(("name", "framework"), FORMATS)
def test_another_formats_ending_is_refused_with_the_command_to_rename(name, framework, model_of, tmp_path):
    wrong = ".onnx" if name != "onnx" else ".joblib"
    path = saved(name, framework, model_of, tmp_path, wrong)
    with pytest.raises(CorruptFileError) as refusal:
        identify(path)
    right = path.with_suffix(format_named(name).suffixes[0])
    assert f"cp {path} {right}" in refusal.value.hint
    assert format_named(name).title in refusal.value.message


@pytest.mark.parametrize(("name", "framework"), FORMATS)
def test_stamped_provenance_comes_back_and_the_model_still_loads(name, framework, model_of, answers, tmp_path):
    path = saved(name, framework, model_of, tmp_path)
    form = format_named(name)
    assert not identify(path)[1].provenance
    form.stamp(path, {"mlpack.verdict": "FAIL", "mlpack.source": PROVENANCE["mlpack.source"]})
    form.stamp(path, {"mlpack.verdict": "PASS"})
    assert identify(path)[1].provenance == PROVENANCE
    loaded = form.load(path, Trust.of([sha256_of(path)]))
    np.testing.assert_array_equal(answers(framework, loaded), answers(framework, model_of(framework)))


@pytest.mark.parametrize(("name", "framework"), FORMATS)
def test_truncated_anywhere_is_corrupt(name, framework, model_of, tmp_path):
    whole = saved(name, framework, model_of, tmp_path).read_bytes()
    path = tmp_path / "cut.bin"
    for cut in sorted({0, 1, 2, 7, 8, 16, 64, *range(100, len(whole), max(1, len(whole) // 40)), len(whole) - 1}):
        path.write_bytes(whole[:cut])
        with pytest.raises(CorruptFileError) as refusal:
            identify(path)
        assert refusal.value.exit_code == 7
        assert refusal.value.hint


@pytest.mark.parametrize(("name", "framework"), HELD)
def test_code_in_the_file_runs_only_when_its_hash_is_named(name, framework, model_of, tmp_path):
    path = saved(name, framework, model_of, tmp_path)
    form, header = identify(path)
    assert bool(header.findings) == (framework in {"torch", "keras"} and name in {"pickle", "joblib", "torch"})
    if header.findings:
        with pytest.raises(TrustError) as untrusted:
            form.load(path)
        assert f"--trust {sha256_of(path)}" in untrusted.value.hint
        with pytest.raises(TrustError) as other:
            form.load(path, Trust.of(["0" * 64]))
        assert "not among the 1 that you trust" in other.value.why
    else:
        assert form.load(path) is not None


@pytest.mark.parametrize(("name", "framework"), HELD)
def test_header_needs_no_library_that_could_run_the_file(name, framework, model_of, tmp_path):
    path = saved(name, framework, model_of, tmp_path)
    script = (
        "import sys; from pathlib import Path; from mlpack.formats import identify; identify(Path(sys.argv[1]));"
        "print(sorted({'sklearn', 'torch', 'keras', 'onnx', 'onnxruntime', 'tensorflow', 'xgboost', 'lightgbm', 'joblib'}"
        " & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


_WITHOUT = """
import sys
from pathlib import Path
from mlpack.core.errors import MissingLibraryError
from mlpack.core.trust import Trust
from mlpack.formats import format_named
form = format_named(sys.argv[1])
sys.modules[form.library] = None  # what Python itself takes for "not installed"
try:
    form.load(Path(sys.argv[2]), Trust.of([sys.argv[3]]))
except MissingLibraryError as missing:
    print(missing.message, missing.hint)
"""


@pytest.mark.parametrize("name", ["keras", "hdf5", "torch", "torchscript"])
def test_a_missing_library_is_named_with_its_extra(name, model_of, tmp_path):
    path = saved(name, format_named(name).frameworks[0], model_of, tmp_path)
    arguments = [sys.executable, "-c", _WITHOUT, name, path, sha256_of(path)]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert f"needs {format_named(name).library}" in run.stdout
    assert f'pip install "mlpack-toolkit[{format_named(name).extra}]"' in run.stdout
