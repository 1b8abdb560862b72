"""Files among those of the user."""

from __future__ import annotations

import os

import pytest
from scaffold.deploy.documents import below

from mlpack.core.errors import OutputError, UsageError
from mlpack.scaffold.deploy.files import write_files

FILES = {"a.yaml": b"a\n", "deep/er/b.yaml": b"b\n"}


def test_folders_are_made(tmp_path):
    write_files(FILES, tmp_path / "new" / "folder", force=False)
    assert below(tmp_path / "new" / "folder") == FILES
    assert oct((tmp_path / "new" / "folder" / "a.yaml").stat().st_mode & 0o777) == oct(0o666 & ~current_umask())


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_is_there_is_named_and_kept(tmp_path):
    (tmp_path / "a.yaml").write_text("mine\n")
    (tmp_path / "other").write_text("mine\n")
    with pytest.raises(UsageError) as caught:
        write_files(FILES, tmp_path, force=False)
    assert caught.value.message == f"{tmp_path / 'a.yaml'} is there already"
    assert "--force" in caught.value.hint
    assert below(tmp_path) == {"a.yaml": b"mine\n", "other": b"mine\n"}
    write_files(FILES, tmp_path, force=True)
    assert below(tmp_path) == {**FILES, "other": b"mine\n"}


def test_a_link_is_in_the_way_and_is_never_written_through(tmp_path):
    (tmp_path / "elsewhere").write_text("mine\n")
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="there already"):
        write_files(FILES, tmp_path, force=False)
    (tmp_path / "a.yaml").unlink()
    (tmp_path / "a.yaml").symlink_to(tmp_path / "elsewhere")
    write_files(FILES, tmp_path, force=True)
    assert (tmp_path / "elsewhere").read_text() == "mine\n"
    assert not (tmp_path / "a.yaml").is_symlink()


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_in_the_place_of_a_file(tmp_path, force):
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(UsageError, match="a folder is where a file would be"):
        write_files(FILES, tmp_path, force=force)
    assert os.listdir(tmp_path) == ["a.yaml"]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_the_place_of_a_folder(tmp_path, place):
    (tmp_path / "file").write_text("mine\n")
    with pytest.raises(OutputError) as caught:
        write_files(FILES, tmp_path / place, force=True)
    assert "-o" in caught.value.hint
    assert below(tmp_path) == {"file": b"mine\n"}


def test_what_fails_leaves_nothing(tmp_path):
    """The second file has a name that no file system takes."""
    (tmp_path / "a.yaml").write_text("mine\n")
    with pytest.raises(OutputError):
        write_files({**FILES, f"last/{'x' * 300}": b""}, tmp_path, force=True)
    assert below(tmp_path) == {"a.yaml": b"mine\n"}
    assert os.listdir(tmp_path) == ["a.yaml"]
