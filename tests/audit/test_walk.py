"""Which files a scan looks at: all of a folder, in one order, and nothing outside of it."""

from __future__ import annotations

import os
from pathlib import Path

import mlpack


def seen(*paths: Path) -> list[str]:
    report = mlpack.scan(paths)
    return [os.path.relpath(file.path, paths[0]) for file in report.files]


def test_a_folder_is_searched_in_the_order_of_names(zoo: Path) -> None:
    (zoo / ".hidden").mkdir()
    (zoo / ".hidden" / "model.pkl").write_bytes(b"\x80\x02]q\x00.")
    assert seen(zoo) == [".hidden/model.pkl", "cut.pkl", "inner/also.pkl", "mine.pkl", "safe.pkl", "unsafe.pkl"]


def test_plain_files_are_counted(zoo: Path) -> None:
    for name, content in (
        ("plot.png", b"\x89PNG\r\n\x1a\n" + bytes(99)),
        ("photo.jpeg", b"\xff\xd8\xff\xe0" + bytes(99)),
        ("rows.parquet", b"PAR1" + bytes(99)),
        ("train.py", b"import sklearn\n"),
        ("слова.txt", "слова, слова, слова\n".encode() * 400),
        ("wide.txt", "wide".encode("utf-16")),
        ("latin.txt", "caf\xe9, na\xefve\n".encode("latin-1")),
        ("__init__.py", b""),
    ):
        (zoo / name).write_bytes(content)
    report = mlpack.scan(zoo)
    assert (len(report.files), report.plain) == (5, 10)


def test_an_ending_that_claims_a_model_is_never_passed_over(zoo: Path) -> None:
    (zoo / "model.keras").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    (zoo / "model.joblib").write_bytes(b"")
    assert {"model.keras", "model.joblib"} <= set(seen(zoo))


def test_an_office_document_is_plain_and_one_with_more_in_it_is_an_archive(tmp_path: Path) -> None:
    import zipfile

    for name, inner in (("table.xlsx", "xl/workbook.xml"), ("model.xlsx", "xl/model.pkl")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(inner, "...")
    report = mlpack.scan(tmp_path)
    assert [(file.path.name, file.verdict) for file in report.files] == [("model.xlsx", "unsafe")]
    assert report.plain == 1


def test_what_version_control_and_python_keep_is_passed_over(tmp_path: Path) -> None:
    for folder in (".git", "__pycache__"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "object").write_bytes(b"x\x01\x4b\xca\xc9")
    (tmp_path / ".hg").write_bytes(b"\x80\x02]q\x00.")
    assert seen(tmp_path) == [".hg"]


def test_links_are_followed_only_where_they_are_named(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "model.pkl").write_bytes(b"\x80\x02]q\x00.")
    (inside / "model.pkl").write_bytes(b"\x80\x02]q\x00.")
    (inside / "again.pkl").symlink_to("model.pkl")
    (inside / "other.pkl").symlink_to(outside / "model.pkl")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to("loop")
    report = mlpack.scan(inside)
    found = {file.path.name: [finding.rule for finding in file.findings] for file in report.files}
    assert found == {"folder": ["file/link"], "loop": ["file/link"], "model.pkl": [], "other.pkl": ["file/link"]}
    assert report.exit_code == 7
    assert mlpack.scan(inside / "other.pkl").exit_code == 0
    assert seen(inside / "folder") == ["model.pkl"]


def test_a_link_into_what_is_passed_over_is_told(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "model.pkl").write_bytes(b"\x80\x02]q\x00.")
    (tmp_path / "model.pkl").symlink_to(".git/model.pkl")
    assert [finding.rule for finding in mlpack.scan(tmp_path).files[0].findings] == ["file/link"]


def test_a_file_is_scanned_once(zoo: Path) -> None:
    assert seen(zoo, zoo / "safe.pkl", zoo, zoo / "inner").count("safe.pkl") == 1
    assert len(mlpack.scan([zoo / "safe.pkl", zoo / "safe.pkl"]).files) == 1


def test_an_empty_folder_has_no_model_files(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# nothing\n")
    report = mlpack.scan(tmp_path)
    assert (report.exit_code, report.to_json()) == (0, {"files": []})
    assert repr(report) == f"<ScanReport: no model files in {tmp_path}; 1 other: no model>"


def test_names_that_are_no_unicode_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.pkl")).write_bytes(b"\x80\x02]q\x00.")
    (tmp_path / "two\nlines.pkl").write_bytes(b"\x80\x02]q\x00.")
    report = mlpack.scan(tmp_path)
    assert [file.verdict for file in report.files] == ["safe", "safe"]
    assert all("\n" not in block.text for block in report.view() if hasattr(block, "text"))
