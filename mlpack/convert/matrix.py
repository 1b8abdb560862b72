"""The matrix of formats: which can become which, through what, and whether the libraries for it are here."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mlpack.convert.routes import Route, routes, why_none
from mlpack.converters import all_converters
from mlpack.core.format import Format
from mlpack.core.view import Block, Cell, Facts, Line, Shown, Table
from mlpack.formats import all_formats, format_named
from mlpack.frameworks import all_frameworks

MATRIX = ("pickle", "joblib", "hdf5", "onnx", "torchscript")
"""The five formats of the matrix; the others are listed below it."""


@dataclass(frozen=True)
class Edge:
    """From one format to another: for which frameworks there is a route, and for which of these everything is installed.

    ``why`` says in one line why there is none.
    """

    source: str
    target: str
    frameworks: tuple[str, ...]
    ready: tuple[str, ...]
    why: str = ""

    @property
    def word(self) -> str:
        """What the matrix shows: ``yes``, the frameworks where only some of the source's have a route, or ``no``."""
        if not self.frameworks:
            return "no"
        every = set(format_named(self.source).frameworks)
        if set(self.frameworks) == every:
            return "yes"
        return ", ".join(all_frameworks()[name].title for name in self.frameworks)


@dataclass(frozen=True, repr=False)
class FormatMatrix(Shown):
    """Every pair of formats."""

    command: ClassVar[str] = "formats"

    edges: tuple[Edge, ...]

    @property
    def exit_code(self) -> int:
        """Always 0."""
        return 0

    def edge(self, source: str, target: str) -> Edge:
        """The edge between two formats, by name. Raises KeyError."""
        for edge in self.edges:
            if (edge.source, edge.target) == (source, target):
                return edge
        raise KeyError((source, target))

    def to_json(self) -> dict[str, Any]:
        """The matrix as JSON-ready values."""
        return {
            "formats": [
                {"name": form.name, "title": form.title, "suffixes": list(form.suffixes)}
                for form in all_formats().values()
            ],
            "routes": [
                {
                    "source": edge.source,
                    "target": edge.target,
                    "frameworks": list(edge.frameworks),
                    "ready": list(edge.ready),
                    "why": edge.why,
                }
                for edge in self.edges
            ],
        }

    def view(self) -> Sequence[Block]:
        """The five by five matrix, why its empty fields are empty, and the other formats."""
        rows: list[list[str | Cell]] = [
            [format_named(source).title, *(self._cell(source, target) for target in MATRIX)] for source in MATRIX
        ]
        columns = ["from \\ to", *(format_named(name).title for name in MATRIX)]
        blocks: list[Block] = [Table("", columns, rows)]
        blocks += [Line(line, "dim") for line in self._reasons()]
        others = [form for form in all_formats().values() if form.name not in MATRIX]
        blocks.append(Facts([(form.title, self._reach(form)) for form in others], "Also read and written"))
        extras = ",".join(missing_extras())
        if extras:
            blocks.append(Line(f'* not all libraries are installed: pip install "mlpack-toolkit[{extras}]"', "warn"))
        return blocks

    def to_markdown(self) -> str:
        """The matrix as a Markdown table, with the reasons below it. The same on every machine."""
        heads = [format_named(name).title for name in MATRIX]
        lines = ["| from \\ to | " + " | ".join(heads) + " |", "|" + " --- |" * (len(heads) + 1)]
        for source in MATRIX:
            words = [self._word(source, target) for target in MATRIX]
            lines.append(f"| **{format_named(source).title}** | " + " | ".join(words) + " |")
        return "\n".join([*lines, "", *(f"- {line}" for line in self._reasons())]) + "\n"

    def _word(self, source: str, target: str) -> str:
        return "·" if source == target else self.edge(source, target).word

    def _cell(self, source: str, target: str) -> Cell:
        if source == target:
            return Cell("·", "dim")
        edge = self.edge(source, target)
        star = "*" if set(edge.ready) != set(edge.frameworks) else ""
        return Cell(edge.word + star, "good" if edge.frameworks else "dim")

    def _reasons(self) -> list[str]:
        """Why there are empty fields, one line a reason: the sources, the targets, the reason."""
        gathered: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
        for edge in self.edges:
            if not edge.frameworks and edge.source in MATRIX and edge.target in MATRIX:
                sources, targets = gathered.setdefault(edge.why, ({}, {}))
                sources[format_named(edge.source).title] = None
                targets[format_named(edge.target).title] = None
        return [
            f"{' and '.join(sources)} to {' and '.join(targets)}: {why}" for why, (sources, targets) in gathered.items()
        ]

    def _reach(self, form: Format) -> str:
        return ", ".join(
            format_named(edge.target).title for edge in self.edges if edge.source == form.name and edge.frameworks
        )


def missing_extras() -> list[str]:
    """The extras that bring what a framework or converter imports and this machine lacks, sorted."""
    needed: list[tuple[tuple[str, ...], str]] = [
        ((framework.library,), framework.extra) for framework in all_frameworks().values()
    ]
    needed += [(converter.libraries, converter.extra) for converter in all_converters().values()]
    return sorted({extra for libraries, extra in needed if extra and not _are_installed(libraries)})


def _are_installed(libraries: Iterable[str]) -> bool:
    return all(importlib.util.find_spec(library) is not None for library in libraries if library)


def conversion_matrix() -> FormatMatrix:
    """Every pair of formats, from the registered formats, frameworks and converters."""
    formats = all_formats()
    return FormatMatrix(
        tuple(
            _edge(source, target)
            for source in formats.values()
            for target in formats.values()
            if source.name != target.name
        )
    )


def _edge(source: Format, target: Format) -> Edge:
    found = {framework: routes(framework, target) for framework in source.frameworks}
    reachable = tuple(framework for framework, ways in found.items() if ways)
    ready = tuple(framework for framework in reachable if any(_is_ready(way) for way in found[framework]))
    why = "" if reachable else why_none(source.frameworks[0], target.name)
    return Edge(source.name, target.name, reachable, ready, why)


def _is_ready(route: Route) -> bool:
    libraries = {route.target.library, all_frameworks()[route.framework].library}
    for converter in route.converters:
        libraries |= set(converter.libraries)
    return _are_installed(libraries)
