import os
import subprocess
import sys
import time

import pytest

from mlpack.core.errors import OutputError
from mlpack.core.publish import publish_bytes, publish_file


def test_a_file_appears_whole_and_replaces_an_older_one(tmp_path):
    destination = tmp_path / "model.onnx"
    publish_bytes(b"first", destination)
    publish_bytes(b"second, and longer", destination)
    assert destination.read_bytes() == b"second, and longer"
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_rights_follow_the_umask(tmp_path):
    publish_bytes(b"x", tmp_path / "model")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_copy_equals_its_source(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3 << 20))
    publish_file(source, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


def test_a_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        publish_bytes(b"x", tmp_path / "nowhere" / "model")


def test_a_full_disk_leaves_nothing(tmp_path):
    # A size limit stops a write in the middle as a full disk does: the write itself fails with an OSError.
    script = f"""
import resource, signal, pathlib
from mlpack.core.errors import OutputError
from mlpack.core.publish import publish_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    publish_bytes(bytes(4 << 20), pathlib.Path({str(tmp_path / "model")!r}))
except OutputError as error:
    print(error, "|", error.why)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "cannot be written | File too large" in done.stdout
    assert os.listdir(tmp_path) == []


def test_a_killed_run_leaves_nothing(tmp_path):
    script = f"""
import pathlib, time
from mlpack.core import publish
def write(file):
    file.write(bytes(1 << 20))
    file.flush()
    print("writing", flush=True)
    time.sleep(600)
publish._publish(pathlib.Path({str(tmp_path / "model")!r}), write)
"""
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert run.stdout.readline() == "writing\n"
    run.kill()
    run.wait()
    time.sleep(0.1)
    assert os.listdir(tmp_path) == []
