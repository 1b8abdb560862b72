"""Every hostile file, written once and scanned once a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hostile.corpus import Hostile, all_hostile

from mlpack.audit import scan
from mlpack.audit.file import FileScan


@dataclass(frozen=True)
class Case:
    """An entry that was written to ``path`` and scanned."""

    entry: Hostile
    path: Path
    canary: Path
    scan: FileScan

    @property
    def said(self) -> str:
        """All that the findings tell."""
        return "\n".join(finding.message for finding in self.scan.findings)


@pytest.fixture(scope="session")
def gallery(tmp_path_factory) -> Path:
    """The folder that the hostile files are written to, each into a folder of its own."""
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="session")
def cases(gallery) -> dict[str, Case]:
    """Every case by its name."""
    paths: dict[str, tuple[Path, Path]] = {}
    for number, entry in enumerate(all_hostile()):
        folder = gallery / str(number) / "file"
        folder.mkdir(parents=True)
        canary = gallery / str(number) / "canary"
        paths[entry.name] = entry.write(folder, canary), canary
    scans = {found.path: found for found in scan([path for path, _ in paths.values()]).files}
    return {
        entry.name: Case(entry, path, canary, scans[path])
        for entry in all_hostile()
        for path, canary in [paths[entry.name]]
    }


@pytest.fixture
def case(cases, request) -> Case:
    """The case whose name a test is parametrised with."""
    return cases[request.param]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a case runs for each; one that takes an ``unscanned_case`` for those that have a loader."""
    if "case" in metafunc.fixturenames:
        names = [entry.name for entry in all_hostile()]
        metafunc.parametrize("case", names, indirect=True)
