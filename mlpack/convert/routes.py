"""The ways from a format through converters to another format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlpack.converters import all_converters
from mlpack.core.converter import Converter
from mlpack.core.errors import NoRouteError, UsageError
from mlpack.core.format import Format
from mlpack.formats import all_formats, format_named

_LONGEST = 3


@dataclass(frozen=True)
class Route:
    """From an object of ``framework`` through ``converters``, in order, to a file of ``target``."""

    framework: str
    converters: tuple[Converter, ...]
    target: Format

    def __str__(self) -> str:
        """``sklearn → onnx → torchscript``; the frameworks passed through."""
        return " → ".join([self.framework, *(converter.target for converter in self.converters)])


def routes(framework: str, target: Format) -> list[Route]:
    """Every way from an object of ``framework`` to ``target``, the shortest first; empty where none leads there."""
    found = [
        Route(framework, path, target)
        for path in _paths(framework)
        if (path[-1].target if path else framework) in target.frameworks
    ]
    return sorted(found, key=lambda route: (len(route.converters), str(route)))


def find_routes(framework: str, source: str, target: Format) -> list[Route]:
    """As `routes`, from a format titled ``source``.

    Raises NoRouteError with the reason and the nearest format that can be reached.
    """
    found = routes(framework, target)
    if found:
        return found
    reachable = [form.title for form in all_formats().values() if form.title != source and routes(framework, form)]
    nearest = f"the nearest that exists: {', '.join(reachable)}" if reachable else "serve the file as it is"
    raise NoRouteError(
        f"no conversion leads from {source} ({framework}) to {target.title}",
        why=why_none(framework, target.name),
        hint=nearest,
    )


def why_none(framework: str, target: str) -> str:
    """One line on why ``framework``'s models cannot honestly become a file of ``target``."""
    if target in {"hdf5", "keras"}:
        return "it would hold Keras layers, and no library turns other models, or a compiled graph, back into layers"
    if target in {"pickle", "joblib", "torch"}:
        return "it would hold a live Python object, and a compiled graph has no estimator or module left to restore"
    return f"no converter takes a model of {framework} there"


def target_format(output: Path, to: str | None) -> Format:
    """The format asked for: ``to``, else by the ending of ``output``. Raises UsageError."""
    endings = {suffix: form for form in reversed(all_formats().values()) for suffix in form.suffixes}
    found = endings.get(output.suffix.lower())
    if to is not None:
        wanted = format_named(to)
        if found is not None and output.suffix.lower() not in wanted.suffixes:
            raise UsageError(
                f"{output.name} would be {wanted.title} under the name of {found.title}",
                hint=f"call it {output.stem}{wanted.suffixes[0]}",
            )
        return wanted
    if found is None:
        raise UsageError(
            f"the ending of {output.name} does not tell a format",
            hint=f"add --to with one of: {', '.join(all_formats())}",
        )
    return found


def _paths(framework: str) -> Iterator[tuple[Converter, ...]]:
    """Every chain of converters from ``framework`` that passes no framework twice, the empty one first."""
    pending: list[tuple[Converter, ...]] = [()]
    while pending:
        path = pending.pop(0)
        yield path
        if len(path) == _LONGEST:
            continue
        here = path[-1].target if path else framework
        passed = {framework, *(converter.target for converter in path)}
        pending += [
            (*path, converter)
            for converter in all_converters().values()
            if converter.source == here and converter.target not in passed
        ]
