"""Where a report may be written: over a former report, and over nothing else."""

import shutil

import pytest
from verify.test_junit import report

import mlpack
from mlpack.core.errors import UsageError
from mlpack.verify.report_file import writer_for

ENDINGS = (".json", ".xml", ".html")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_former_report_is_replaced(tmp_path, ending):
    path = tmp_path / f"parity{ending}"
    writer_for(path)(report())
    before = path.read_bytes()
    writer_for(path)(report(verdict="FAIL"))
    assert b"FAIL" in path.read_bytes()
    assert path.read_bytes() != before


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "content", [b'{"name": "a package"}', b"<testsuites name='pytest tests'/>", b"<html></html>", b"\xff"]
)
def test_anything_else_is_kept(tmp_path, ending, content):
    path = tmp_path / f"mine{ending}"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is there already, and no report") as caught:
        writer_for(path)
    assert "--report" in caught.value.hint
    assert path.read_bytes() == content


def test_an_empty_file_holds_nothing_to_lose(tmp_path):
    (tmp_path / "parity.json").touch()
    writer_for(tmp_path / "parity.json")(report())
    assert (tmp_path / "parity.json").stat().st_size


def test_a_folder_is_told(tmp_path):
    (tmp_path / "parity.html").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        writer_for(tmp_path / "parity.html")


def test_nothing_is_written_into_a_bundle(logistic_pickle, tmp_path):
    """Its manifest lists every file; its own report, too, is of the bundle and not of this comparison."""
    bundle = tmp_path / "m.mlpack"
    mlpack.pack(logistic_pickle, bundle, budget=3)
    copy = shutil.copytree(bundle, tmp_path / "copy")
    for name in ("parity.json", "more.html"):
        with pytest.raises(UsageError, match="would lie in a bundle"):
            mlpack.verify(logistic_pickle, bundle, report=bundle / name)
    assert {path.name for path in bundle.iterdir()} == {path.name for path in copy.iterdir()}
