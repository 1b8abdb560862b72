"""Files and folders that a worker may not touch, tried from inside; what matters is what is there afterwards."""

import os
import secrets
import stat
import tempfile
from pathlib import Path

import numpy as np
import pytest

import mlpack
from mlpack.core.errors import WorkerError


def test_a_worker_reads_its_model_and_nothing_around_it(house):
    assert house.worker.call("read", path=str(house.model)) == "a model"
    house.refuses("read", path=house.neighbour)
    house.refuses("list", path=house.model.parent)


def test_a_home_directory_is_closed(house):
    house.refuses("read", path=house.key)
    house.refuses("list", path=house.home)
    house.refuses("list", path=house.home / ".ssh")


def test_the_real_home_directory_is_closed_too(house):
    with tempfile.NamedTemporaryFile("w", dir=house.real_home, prefix="mlpack-test-") as file:
        file.write("secret")
        file.flush()
        house.refuses("read", path=Path(file.name))
    house.refuses("list", path=house.real_home)


@pytest.mark.parametrize("path", ["/etc/shadow", "/etc/hosts", "/etc/hostname"])
def test_of_etc_only_what_the_loader_takes(house, path):
    house.refuses("read", path=path)


@pytest.mark.parametrize("path", ["/", "/etc", "/home", "/root", "/tmp", "/var", "/proc", "/dev"])
def test_no_tree_of_the_machine_can_be_listed(house, path):
    house.refuses("list", path=path)


def test_other_processes_cannot_be_looked_into(house):
    for name in ("environ", "cmdline", "maps", "mem", "fd"):
        house.refuses("list" if name == "fd" else "read", path=f"/proc/{os.getpid()}/{name}")


@pytest.mark.parametrize(
    "way", ["/proc/self/root{}", "/proc/self/cwd/../../../../../..{}", "/usr/../{}", "/dev/fd/../root{}"]
)
def test_no_way_round_leads_there(house, way):
    house.refuses("read", path=way.format(house.key))


def test_nothing_is_written_outside(house, tmp_path):
    canary = f"mlpack-canary-{secrets.token_hex(4)}"
    places = [
        house.home,
        house.model.parent,
        Path(tempfile.gettempdir()),
        Path.cwd(),
        Path("/dev/shm"),
        Path("/var/tmp"),
    ]
    for place in (*places, Path(mlpack.__file__).parent, Path(np.__file__).parent, tmp_path):
        house.refuses("write", path=place / canary)
        house.refuses("make_folder", path=place / canary)
        assert not (place / canary).exists()


@pytest.mark.parametrize(
    "method", ["write", "append", "cut_short", "cut_short_in_opening", "cut_short_in_opening_for_nothing", "remove"]
)
def test_the_model_itself_stays_as_it_is(house, method):
    house.refuses(method, path=house.model)
    house.refuses(method, path=house.key)
    assert house.model.read_text() == "a model"
    assert house.key.exists()


@pytest.mark.parametrize(
    "method",
    ["let_everybody_in", "let_everybody_in_by_descriptor", "give_away", "turn_back_the_clock", "mark"],
)
def test_what_stands_about_a_file_stays_as_it_is(house, method):
    before = house.model.stat()
    house.refuses(method, path=house.model)
    after = house.model.stat()
    assert (before.st_mode, before.st_uid, before.st_mtime) == (after.st_mode, after.st_uid, after.st_mtime)
    assert os.listxattr(house.model) == []


@pytest.mark.parametrize("method", ["let_everybody_in", "turn_back_the_clock", "give_away"])
def test_nor_of_a_file_that_it_cannot_even_read(house, method):
    before = house.key.stat()
    house.refuses(method, path=house.key)
    assert (before.st_mode, before.st_mtime, before.st_uid) == (
        house.key.stat().st_mode,
        house.key.stat().st_mtime,
        house.key.stat().st_uid,
    )


def test_a_symbolic_link_leads_nowhere(house):
    outside = house.home / "canary"
    (house.worker.scratch / "way").symlink_to(outside)
    (house.worker.scratch / "key").symlink_to(house.key)
    house.refuses("write", path=house.worker.scratch / "way")
    house.refuses("read", path=house.worker.scratch / "key")
    assert not outside.exists()


@pytest.mark.parametrize("method", ["symbolic_link", "hard_link", "rename"])
def test_no_file_is_brought_in_or_out_under_another_name(house, method):
    """mlpack goes on with what lies in the scratch folder, outside of the sandbox: it must be what the worker wrote."""
    scratch = house.worker.scratch
    house.worker.call("write", path=str(scratch / "mine"))
    for source in (house.key, house.model):
        house.refuses(method, source=source, target=scratch / "brought")
        assert source.exists()
    house.refuses(method, source=scratch / "mine", target=house.home / "taken")
    assert not (house.home / "taken").exists()
    assert not (scratch / "brought").is_symlink()
    assert not (scratch / "brought").exists()


@pytest.mark.parametrize("method", ["make_pipe", "make_device"])
def test_nothing_but_files_and_folders_is_made(house, method):
    house.refuses(method, path=house.worker.scratch / "odd")
    assert not (house.worker.scratch / "odd").exists()


def test_an_empty_folder_beside_the_scratch_folder_stays(house):
    with tempfile.TemporaryDirectory() as folder:
        house.refuses("remove_folder", path=Path(folder))
        assert Path(folder).is_dir()


def test_nobody_is_watched(house):
    house.refuses("watch", path=house.home)


def test_a_thread_that_starts_later_is_in_the_sandbox_too(house):
    house.refuses("in_a_thread", doing="read", path=house.key)
    house.refuses("in_a_thread", doing="write", path=house.home / "canary")
    house.refuses("in_a_thread", doing="fork", canary=str(house.worker.scratch / "canary"))
    assert house.worker.call("in_a_thread", doing="read", path=str(house.model)) == "done"
    assert not (house.home / "canary").exists()


def test_what_a_worker_is_for_works(house):
    assert house.worker.call("work_in_scratch") == "result"
    assert house.worker.call("write", path=str(house.results / "model.onnx"), text="converted") == "converted"
    assert (house.results / "model.onnx").read_text() == "converted"
    assert house.worker.call("write", path="/dev/null", text="gone") == ""


def test_a_scratch_folder_is_for_one(house):
    assert stat.S_IMODE(house.worker.scratch.stat().st_mode) == 0o700
    assert house.worker.call("place") == str(house.worker.scratch)


def test_a_link_to_a_model_opens_the_model(house, monkeypatch):
    from mlpack.isolate import Sandbox, Worker

    link = house.home / "latest.bin"
    link.symlink_to(house.model)
    with Worker("burglar:Burglar", sandbox=Sandbox(reads=(link,))) as worker:
        assert worker.call("read", path=str(link)) == "a model"
        with pytest.raises(WorkerError, match="PermissionError"):
            worker.call("read", path=str(house.key))
