"""The data files that the names end in: one for each library, a line for each use, with the versions it was seen in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from platform import python_version_tuple

from mlpack.core.trust import Use
from mlpack.scan.lists import PYTHON, list_of
from names.never import is_never

FOLDER = Path(__file__).parents[2] / "mlpack" / "scan" / "lists"
DISTRIBUTIONS = {"sklearn": ("scikit-learn",), "xgboost": ("xgboost", "xgboost-cpu")}
Seen = dict[str, dict[str, list[str]]]
"""Library → use → versions."""


def version_of(library: str) -> str:
    """The version that is installed; of Python without the last part."""
    if library == PYTHON:
        return ".".join(python_version_tuple()[:2])
    for distribution in DISTRIBUTIONS.get(library, (library,)):
        try:
            return metadata.version(distribution).partition("+")[0]
        except metadata.PackageNotFoundError:
            continue
    raise LookupError(f"{library} is not installed")


def by_library(uses: Iterable[tuple[Use, str]]) -> dict[str, set[str]]:
    """Uses as text, by the list that they belong in. Raises ValueError for one that no list may hold."""
    found: dict[str, set[str]] = {}
    for use, sample in uses:
        library = list_of(use.module)
        uses_there = found.setdefault(library, set())
        if str(use) not in uses_there:
            if is_never(use):
                raise ValueError(f"{sample} uses {use}, which no list may hold: leave the sample out")
            uses_there.add(str(use))
    return found


def merged(shipped: Mapping[str, list[str]], seen: Iterable[str], version: str) -> dict[str, list[str]]:
    """``shipped`` with what ``version`` was seen to use: what other versions use stays.

    Of Python's names all stay: which of them are used is up to the libraries, of two generations on one Python.
    """
    uses = {use: [other for other in versions if other != version] for use, versions in shipped.items()}
    if list_of(next(iter(shipped), "").partition(":")[0]) == PYTHON:
        seen = {*seen, *(use for use, versions in shipped.items() if version in versions)}
    for use in seen:
        uses.setdefault(use, []).append(version)
    return {use: sorted(uses[use], key=_as_numbers) for use in sorted(uses) if uses[use]}


def read(library: str) -> dict[str, list[str]]:
    """The uses that are shipped, with their versions; none where there is no file."""
    path = FOLDER / f"{library}.json"
    if not path.is_file():
        return {}
    return {use: versions.split() for use, versions in json.loads(path.read_text("utf-8"))["names"].items()}


def written(library: str, uses: Mapping[str, list[str]]) -> str:
    """The content of the file."""
    versions = sorted({version for found in uses.values() for version in found}, key=_as_numbers)
    document = {
        "library": DISTRIBUTIONS.get(library, (library,))[0],
        "versions": versions,
        "names": {use: " ".join(found) for use, found in uses.items()},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write(library: str, uses: Mapping[str, list[str]]) -> None:
    """Write the file."""
    (FOLDER / f"{library}.json").write_text(written(library, uses), "utf-8")


def _as_numbers(version: str) -> list[tuple[bool, int, str]]:
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in version.split(".")]
