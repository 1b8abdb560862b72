"""What goes wrong at the command line: the right exit code, a message with the next step, no output, no traceback."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest


@pytest.fixture
def place(tmp_path, logistic_pickle, forest_pipeline):
    """A folder with a good pickle and a good joblib."""
    shutil.copy(logistic_pickle, tmp_path / "model.pkl")
    shutil.copy(forest_pipeline, tmp_path / "forest.joblib")
    return tmp_path


def mlpack(place, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "mlpack", *map(str, arguments)],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def refused(place, code, *arguments, output="out.onnx", says="", **options):
    before = sorted(os.listdir(place))
    run = mlpack(place, *arguments, **options)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    assert "next: " in run.stderr
    assert says in run.stderr
    assert not (place / output).exists()
    assert sorted(os.listdir(place)) == before
    return run


def trust(path):
    import hashlib

    return ["--trust", hashlib.sha256(path.read_bytes()).hexdigest()]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_model(place, share):
    data = (place / "model.pkl").read_bytes()
    (place / "cut.pkl").write_bytes(data[: int(len(data) * share)])
    refused(place, 7, "convert", "cut.pkl", "-o", "out.onnx")


def test_an_empty_file(place):
    (place / "empty.onnx").touch()
    refused(place, 7, "convert", "empty.onnx", "-o", "out.pt", "--to", "torchscript", says="empty", output="out.pt")


def test_a_swapped_ending(place):
    shutil.copy(place / "model.pkl", place / "model.h5")
    refused(place, 7, "inspect", "model.h5", says="pickle")


@pytest.mark.parametrize(
    ("name", "content"),
    [("notes.txt", b"dear diary"), ("table.csv", b"a,b\n1,2\n3,4\n"), ("model.bin", b"\x00\x01\x02\x03" * 99)],
)
def test_what_is_no_model_at_all(place, name, content):
    (place / name).write_bytes(content)
    refused(place, 7, "convert", name, "-o", "out.onnx")


def test_a_folder_and_a_file_that_is_not_there(place):
    (place / "folder").mkdir()
    refused(place, 2, "convert", "folder", "-o", "out.onnx", says="folder")
    refused(place, 2, "convert", "nothing.pkl", "-o", "out.onnx", says="does not exist")


def test_an_unreadable_file(place):
    (place / "model.pkl").chmod(0)
    script = (
        "import os, pathlib\n"
        "from mlpack.core.errors import UsageError\n"
        "from mlpack.core.model_file import check_readable\n"
        "os.seteuid(65534)  # root may read everything\n"
        "try: check_readable(pathlib.Path('model.pkl'))\n"
        "except UsageError as error: print(error, '|', error.hint)"
    )
    place.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", script], cwd=place, capture_output=True, text=True, check=True)
    assert done.stdout == "model.pkl cannot be read | chmod +r model.pkl\n"


def test_a_pickle_that_nobody_vouched_for(place):
    (place / "mine.pkl").write_bytes(b"\x80\x02cmypackage.features\nScaler\n)\x81.")
    run = refused(place, 11, "convert", "mine.pkl", "-o", "out.onnx", says="--trust")
    assert trust(place / "mine.pkl")[1] in run.stderr


def test_a_class_that_is_defined_in_a_notebook(place):
    script = (
        "import pickle, sklearn.linear_model as m\n"
        "class Mine(m.LinearRegression): pass\n"
        "pickle.dump(Mine().fit([[0.0], [1.0]], [0.0, 1.0]), open('mine.pkl', 'wb'))"
    )
    subprocess.run([sys.executable, "-c", script], cwd=place, check=True)
    refused(place, 6, "convert", "mine.pkl", "-o", "out.onnx", *trust(place / "mine.pkl"), says="Mine")


def test_a_library_that_is_not_installed(place):
    (place / "other.pkl").write_bytes(b"\x80\x02cno_such_library\nModel\n)\x81.")
    run = mlpack(place, "convert", "other.pkl", "-o", "out.onnx", *trust(place / "other.pkl"))
    assert run.returncode in {5, 6}, run.stderr
    assert "no_such_library" in run.stderr
    assert not (place / "out.onnx").exists()


def test_a_step_that_cannot_be_converted_is_named_with_its_place(place, cancer):
    script = (
        "import joblib\n"
        "from sklearn.datasets import load_breast_cancer\n"
        "from sklearn.pipeline import Pipeline\n"
        "from sklearn.manifold import Isomap\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "steps = [('embed', Isomap(n_components=2)), ('model', LogisticRegression())]\n"
        "joblib.dump(Pipeline(steps).fit(*load_breast_cancer(return_X_y=True)), 'isomap.joblib')"
    )
    subprocess.run([sys.executable, "-c", script], cwd=place, check=True)
    run = refused(place, 5, "convert", "isomap.joblib", "-o", "out.onnx")
    assert "Isomap" in run.stderr
    assert "embed" in run.stderr


def test_a_model_that_answers_nan(place):
    script = (
        "import pickle, numpy, sklearn.linear_model as m\n"
        "model = m.LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]); model.coef_[:] = numpy.nan\n"
        "pickle.dump(model, open('nan.pkl', 'wb'))"
    )
    subprocess.run([sys.executable, "-c", script], cwd=place, check=True)
    refused(place, 3, "convert", "nan.pkl", "-o", "out.onnx", says="nothing was compared")


@pytest.mark.parametrize(("width", "says"), [(29, "30"), (31, "30")])
def test_data_with_missing_or_extra_columns(place, width, says):
    np.save(place / "rows.npy", np.zeros((3, width)))
    arguments = ["convert", "model.pkl", "-o", "out.onnx", "--data", "rows.npy"]
    refused(place, 10, *arguments, says=says)


def test_a_full_disk(place):
    limited = (
        "import resource, os, sys, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'mlpack', *sys.argv[1:]])"
    )
    run = subprocess.run(
        [sys.executable, "-c", limited, "convert", "forest.joblib", "-o", "out.onnx"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2, run.stderr
    assert "Traceback" not in run.stderr
    assert "File too large" in run.stderr
    assert not (place / "out.onnx").exists()


def test_ctrl_c(place):
    scratch = place / "scratch"
    scratch.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-m", "mlpack", "convert", "forest.joblib", "-o", "out.onnx"],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    deadline = time.monotonic() + 60
    while not os.listdir(scratch) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert os.listdir(scratch) == []
    assert not (place / "out.onnx").exists()


def test_a_format_that_there_is_no_route_to(place):
    refused(place, 5, "convert", "forest.joblib", "-o", "out.h5", output="out.h5")


def test_json_of_an_error_is_one_document(place):
    run = mlpack(place, "convert", "nothing.pkl", "-o", "out.onnx", "--json")
    document = json.loads(run.stdout)
    assert set(document) == {"command", "ok", "exit_code", "data", "errors"}
    assert (document["ok"], document["exit_code"], run.returncode) == (False, 2, 2)


def test_a_pickle_that_kills_its_worker_is_refused_and_where_it_is_allowed_fails_with_the_reason(place):
    (place / "evil.pkl").write_bytes(b"cos\n_exit\n(I7\ntR.")
    refused(place, 4, "convert", "evil.pkl", "-o", "out.onnx", *trust(place / "evil.pkl"), says="os._exit(7)")
    run = mlpack(place, "convert", "evil.pkl", "-o", "out.onnx", "--allow", "os:_exit:called")
    assert run.returncode in {3, 5, 7}, run.stderr
    assert "Traceback" not in run.stderr
    assert not (place / "out.onnx").exists()
