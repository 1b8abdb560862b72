"""The zip archives of torch: what `torch.save` and `torch.jit.save` write."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError
from mlpack.scan.archives import Archive, member_names, open_archive
from mlpack.scan.pickles.stream import PickleView, read_pickle
from mlpack.scan.pickles.symbols import Call, Name, attributes_of, class_of
from mlpack.scan.pickles.tensors import tensor_count, tensor_shape

EXTRA = "mlpack.json"
"""The name of mlpack's extra file in a TorchScript archive."""

_OPERATOR = re.compile(r"\b(?:ops\.(?P<space>\w+)|torch)\.(?P<name>\w+)\(")
_CLASS = re.compile(r"^class (?P<name>\w+)\(Module\):\n(?P<body>(?:[ \t].*\n|\n)*)", re.MULTILINE)
_PARAMETERS = re.compile(r"^  __parameters__ = \[(?P<names>[^\]]*)\]", re.MULTILINE)
_FORWARD = re.compile(r"^  def forward\(\w+: [\w.]+(?:,\s*(?P<arguments>[^)]*))?\) -> (?P<result>[^:]+):", re.MULTILINE)


@dataclass(frozen=True)
class ScriptArchive:
    """The parts of a Header that a TorchScript archive tells. ``forward`` is the signature as the code has it."""

    model: str
    version: str
    operators: Mapping[str, int]
    parameters: int
    forward: str
    provenance: bytes
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def kind_of_archive(path: Path) -> str:
    """``torchscript``, ``torch``, or empty for a zip of another kind."""
    inner = {name.partition("/")[2] for name in member_names(path)}
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        return "torchscript"
    return "torch" if "data.pkl" in inner else ""


def read_module_archive(path: Path) -> PickleView:
    """The pickle of what `torch.save` wrote. Raises CorruptFileError, UnsafeFileError."""
    with open_archive(path) as archive:
        return _read_pickle(archive, _root(archive, path), "data.pkl")


def read_script_archive(path: Path) -> ScriptArchive:
    """Describe what `torch.jit.save` wrote. Raises CorruptFileError, UnsafeFileError."""
    with open_archive(path) as archive:
        root = _root(archive, path)
        view = _read_pickle(archive, root, "data.pkl")
        constants = _read_pickle(archive, root, "constants.pkl") if f"{root}/constants.pkl" in archive.members else None
        sources = {
            name.removeprefix(f"{root}/code/"): archive.text(name).decode("utf-8", "replace")
            for name in archive.names
            if name.startswith(f"{root}/code/") and name.endswith(".py")
        }
        version = _member_text(archive, f"{root}/version").strip()
        provenance = archive.text(f"{root}/extra/{EXTRA}") if f"{root}/extra/{EXTRA}" in archive.members else b""
    kind = class_of(view.root)
    learnt = _parameters(view.root, _parameter_names(sources))
    frozen = tensor_count(iter(constants.root)) if constants and isinstance(constants.root, tuple) else 0
    return ScriptArchive(
        model=kind.name if kind else type(view.root).__name__,
        version=version,
        operators=dict(_operators(sources)),
        parameters=learnt or frozen,
        forward=_forward(kind, sources),
        provenance=provenance,
        classes=tuple(view.names),
        notes=("frozen: its weights are constants of the code",) if frozen and not learnt else (),
    )


def _root(archive: Archive, path: Path) -> str:
    """The one folder that everything in the archive lies in."""
    for name in archive.names:
        root, _, inner = name.partition("/")
        if inner == "data.pkl":
            return root
    raise CorruptFileError(
        f"{path} is no whole torch archive", why="data.pkl is missing in it", hint="save the model again"
    )


def _read_pickle(archive: Archive, root: str, name: str) -> PickleView:
    with archive.source(f"{root}/{name}") as source:
        return read_pickle(source, persistent=True)


def _member_text(archive: Archive, name: str) -> str:
    return archive.text(name).decode("utf-8", "replace") if name in archive.members else ""


def _operators(sources: Mapping[str, str]) -> Counter[str]:
    """Calls of operators in the code; ``torch.`` stands for ``aten::``."""
    found: Counter[str] = Counter()
    for source in sources.values():
        for match in _OPERATOR.finditer(source):
            found[f"{match['space'] or 'aten'}::{match['name']}"] += 1
    return found


def _module_of(file: str) -> str:
    """``__torch__/torch/nn.py`` holds the classes of ``__torch__.torch.nn``."""
    return file.removesuffix(".py").replace("/", ".")


def _parameter_names(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """The attributes of each class that are parameters, not buffers."""
    names: dict[str, set[str]] = {}
    for file, source in sources.items():
        for found in _CLASS.finditer(source):
            declared = _PARAMETERS.search(found["body"])
            if declared:
                names[f"{_module_of(file)}.{found['name']}"] = set(re.findall(r'"([^"]+)"', declared["names"]))
    return names


def _parameters(root: Any, names: Mapping[str, set[str]]) -> int:
    """Numbers in all parameters of a module and those inside it."""

    def tensors() -> Iterator[Any]:
        pending, seen = [root], set()
        while pending:
            part = pending.pop()
            if not isinstance(part, Call) or id(part) in seen:
                continue
            seen.add(id(part))
            kind = class_of(part)
            own = names.get(kind.qualified, set()) if kind else set()
            for key, value in attributes_of(part).items():
                if tensor_shape(value) is None:
                    pending.append(value)
                elif key in own:
                    yield value

    return tensor_count(tensors())


def _forward(kind: Name | None, sources: Mapping[str, str]) -> str:
    """``forward(x: Tensor) -> Tensor`` of the outermost module."""
    for file, source in sources.items():
        for found in _CLASS.finditer(source):
            if kind is not None and f"{_module_of(file)}.{found['name']}" == kind.qualified:
                declared = _FORWARD.search(found["body"])
                if declared:
                    arguments = re.sub(r"\s+", " ", declared["arguments"] or "").strip(", ")
                    return f"forward({arguments}) -> {declared['result'].strip()}"
    return ""
