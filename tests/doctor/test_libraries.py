"""The requirements that mlpack's metadata names, against what is installed: real metadata in a folder of its own."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from mlpack.doctor.libraries import Library, installed_libraries

METADATA = """Metadata-Version: 2.4
Name: mlpack-toolkit
Version: 0.1.0
Provides-Extra: fast
Provides-Extra: slow
Provides-Extra: all
Requires-Dist: numpy>=1.26
Requires-Dist: pytest<1
Requires-Dist: tomli>=1; python_version < '3'
Requires-Dist: rich>=13; extra == 'fast'
Requires-Dist: rich<999; extra == 'slow'
Requires-Dist: no-such-library>=2; extra == 'slow'
Requires-Dist: mlpack-toolkit[fast,slow]; extra == 'all'
"""


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Library]:
    folder = tmp_path / "mlpack_toolkit-0.1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(METADATA)
    monkeypatch.syspath_prepend(str(tmp_path))
    return {library.name: library for library in installed_libraries()}


def test_each_distribution_once_and_base_first(libraries: dict[str, Library]) -> None:
    assert list(libraries) == ["numpy", "pytest", "rich", "no-such-library"]


def test_what_fits_is_ok(libraries: dict[str, Library]) -> None:
    numpy = libraries["numpy"]
    assert (numpy.state, numpy.version, numpy.extras, numpy.install) == ("ok", metadata.version("numpy"), (), "")


def test_what_does_not_fit_says_which_version_would(libraries: dict[str, Library]) -> None:
    assert libraries["pytest"].state == "unfit"
    assert libraries["pytest"].install == "pip install 'pytest<1'"


def test_what_is_missing_names_its_extra(libraries: dict[str, Library]) -> None:
    missing = libraries["no-such-library"]
    assert (missing.state, missing.version) == ("missing", "")
    assert missing.install == "pip install 'mlpack-toolkit[slow]'"


def test_the_bounds_of_two_extras_are_joined(libraries: dict[str, Library]) -> None:
    assert libraries["rich"].extras == ("fast", "slow")  # the smaller one first
    assert set(libraries["rich"].bounds.split(",")) == {"<999", ">=13"}


def test_without_metadata_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert installed_libraries() == ()
