import os

import pytest

from mlpack.core.errors import OutputError, UsageError
from mlpack.scaffold.folder import MARKER, check_place, is_whole, rendered_files, write_project

FILES = {"app.py": b"print()\n", "runtime/__init__.py": b"", "tests/test_app.py": b"x\n"}


@pytest.fixture
def project(tmp_path):
    write_project(FILES, tmp_path / "project")
    return tmp_path / "project"


def test_a_project_lists_what_was_rendered(project):
    assert set(rendered_files(project)) == set(FILES)
    assert is_whole(project)
    assert {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()} == {*FILES, MARKER}


def test_a_file_is_copied(tmp_path):
    (tmp_path / "weights").write_bytes(b"\x00\x01")
    write_project({"model/weights": tmp_path / "weights"}, tmp_path / "project")
    assert (tmp_path / "project" / "model" / "weights").read_bytes() == b"\x00\x01"


@pytest.mark.parametrize("damage", ["remove", "change", "marker"])
def test_damage_is_seen(project, damage):
    if damage == "remove":
        (project / "app.py").unlink()
    elif damage == "change":
        (project / "app.py").write_text("import os\n")
    else:
        (project / MARKER).write_text('{"files": {"../../etc/passwd": ""}}')
    assert not is_whole(project)


def test_a_project_is_not_written_over_unless_told(project):
    with pytest.raises(UsageError, match="holds a scaffold already"):
        check_place(project, force=False)
    check_place(project, force=True)


def test_with_force_the_users_own_files_stay(project):
    (project / "mine.py").write_text("mine\n")
    (project / "app.py").write_text("changed\n")
    kept = write_project({"app.py": b"new\n", "notes.md": b"rendered\n"}, project)
    assert kept == {"app.py": "app.py.bak"}
    assert (project / "app.py").read_bytes() == b"new\n"
    assert (project / "app.py.bak").read_text() == "changed\n"
    assert (project / "mine.py").read_text() == "mine\n"
    assert not (project / "tests" / "test_app.py").exists()
    assert set(rendered_files(project)) == {"app.py", "notes.md"}


def test_what_would_be_lost_is_kept_beside_it(project):
    (project / "notes.md").write_text("the user's own, by the name of what is rendered now\n")
    (project / "tests" / "test_app.py").write_text("edited, and not rendered any more\n")
    (project / "app.py").write_text("the same as is rendered now\n")
    files = {"app.py": b"the same as is rendered now\n", "notes.md": b"rendered\n", "runtime/__init__.py": b""}
    kept = {"notes.md": "notes.md.bak", "tests/test_app.py": "tests/test_app.py.bak"}
    assert write_project(files, project) == kept
    assert (project / "notes.md.bak").read_text().startswith("the user's own")
    assert (project / "tests" / "test_app.py.bak").read_text().startswith("edited")
    assert not (project / "tests" / "test_app.py").exists()
    assert write_project(files, project) == {}


def test_a_write_that_fails_between_loses_no_edit(project, tmp_path):
    (project / "app.py").write_text("edited\n")
    (project / "tests" / "test_app.py").write_text("edited as well\n")
    with pytest.raises(OutputError):
        write_project({**FILES, "model/weights": tmp_path / "gone"}, project)
    assert write_project(FILES, project) == {}
    assert is_whole(project)
    assert (project / "app.py.bak").read_text() == "edited\n"
    assert (project / "tests" / "test_app.py.bak").read_text() == "edited as well\n"


def test_a_former_project_leaves_nothing_behind(project):
    assert write_project({"app.py": b"new\n"}, project) == {}
    assert (project / "app.py").read_bytes() == b"new\n"
    assert set(rendered_files(project)) == {"app.py"}


def test_a_link_is_replaced_and_not_followed(project, tmp_path):
    (tmp_path / "elsewhere").write_text("keep\n")
    (project / "app.py").unlink()
    (project / "app.py").symlink_to(tmp_path / "elsewhere")
    write_project(FILES, project)
    assert (tmp_path / "elsewhere").read_text() == "keep\n"
    assert not (project / "app.py").is_symlink()


def test_places_that_are_refused(tmp_path, project):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    (project / MARKER).write_text("{")
    for place, error in (("file", UsageError), ("full", UsageError), ("project", UsageError), ("a/b", OutputError)):
        with pytest.raises(error) as caught:
            check_place(tmp_path / place, force=True)
        assert caught.value.hint
    (tmp_path / "empty").mkdir()
    check_place(tmp_path / "empty", force=False)
    write_project(FILES, tmp_path / "empty")
    assert is_whole(tmp_path / "empty")


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(OutputError):
        write_project({"app.py": b"", "app.py/more.py": b""}, tmp_path / "project")
    assert os.listdir(tmp_path) == []
