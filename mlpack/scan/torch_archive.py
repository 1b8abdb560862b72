"""The zip archives of torch: what `torch.save` and `torch.jit.save` write."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.core.finding import Finding
from mlpack.scan.archives import Archive, member_names
from mlpack.scan.pickles.beginning import begins_like_pickle
from mlpack.scan.pickles.machine import Machine
from mlpack.scan.pickles.stream import PickleView, read_pickle
from mlpack.scan.pickles.symbols import Call, Name, attributes_of, class_of
from mlpack.scan.pickles.tensors import tensor_count, tensor_shape
from mlpack.scan.rules import torch
from mlpack.scan.source import Source, source_of
from mlpack.scan.torch_code import declared_names, judge_code, parsed
from mlpack.scan.torch_names import bytecode_findings, script_findings
from mlpack.scan.torch_tensors import ScriptMachine, TorchSymbols, storage_findings

EXTRA = "mlpack.json"
"""The name of mlpack's extra file in a TorchScript archive."""

_ALWAYS = (
    r"data\.pkl|data/\d+|version|byteorder|\.format_version|\.storage_alignment|\.data/(?:serialization_id|version)"
)
_MOST_HELD = 32 << 20
_SAVED = re.compile(_ALWAYS)
"""What `torch.save` writes into its folder."""
_SCRIPTED = re.compile(
    rf"{_ALWAYS}|code/[\w/.]+\.(?:py|debug_pkl)|(?:constants|attributes|bytecode|mobile_debug_handles|traced_inputs)\.pkl"
    r"|(?:constants|bytecode|attributes|traced_inputs)/\d+|extra/[^\\\x00-\x1f]*|callstack_debug_map\.pkl"
)
"""What `torch.jit.save` writes. Extra files are whatever the user gave along: torch hands them out and uses none."""
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
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def kind_of_archive(path: Path) -> str:
    """``torchscript``, ``torch``, or empty for a zip of another kind."""
    inner = {name.partition("/")[2] for name in member_names(path)}
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        return "torchscript"
    return "torch" if "data.pkl" in inner else ""


def read_module_archive(path: Path, content: Path | None = None) -> PickleView:
    """The pickle of what `torch.save` wrote, with what is found in all of the archive.

    ``content`` leads to the file that lies open. Raises CorruptFileError, UnsafeFileError.
    """
    with (content or path).open("rb", buffering=0) as file:
        archive = Archive(str(path), cast("BinaryIO", file))
        root = _root(archive, path)
        view, symbols = _read_pickle(archive, f"{root}/data.pkl")
        found = [*view.findings, *storage_findings(symbols, _sizes(archive, f"{root}/data/"), f"{root}/data.pkl")]
        found += _foreign_findings(archive, root, _SAVED)
    return replace(view, findings=tuple(found))


def read_script_archive(path: Path, content: Path | None = None) -> ScriptArchive:
    """Describe and judge what `torch.jit.save` wrote. Raises as `read_module_archive`."""
    with (content or path).open("rb", buffering=0) as file:
        archive = Archive(str(path), cast("BinaryIO", file))
        root = _root(archive, path)
        views, found = _read_script_pickles(archive)
        view, constants = views[f"{root}/data.pkl"], views.get(f"{root}/constants.pkl")
        sources = {
            name: archive.text(name)
            for name in archive.names
            if name.startswith(f"{root}/code/") and name.endswith(".py")
        }
        found += _foreign_findings(archive, root, _SCRIPTED)
        version = _member_text(archive, f"{root}/version").strip()
        provenance = archive.text(f"{root}/extra/{EXTRA}") if f"{root}/extra/{EXTRA}" in archive.members else b""
    operators, judged = _judge_code(sources)
    kind = class_of(view.root)
    texts = {name.removeprefix(f"{root}/code/"): text.decode("utf-8", "replace") for name, text in sources.items()}
    learnt = _parameters(view.root, _parameter_names(texts))
    frozen = tensor_count(iter(constants.root)) if constants and isinstance(constants.root, tuple) else 0
    return ScriptArchive(
        model=kind.name if kind else type(view.root).__name__,
        version=version,
        operators=dict(operators),
        parameters=learnt or frozen,
        forward=_forward(kind, texts),
        provenance=provenance,
        classes=tuple(view.names),
        findings=(*judged, *found),
        notes=("frozen: its weights are constants of the code",) if frozen and not learnt else (),
    )


def _root(archive: Archive, path: Path) -> str:
    """The one folder that everything in the archive lies in. torch goes by the first member.

    Raises UnsafeFileError for members outside of it.
    """
    root = archive.names[0].partition("/")[0] if archive.names else ""
    if f"{root}/data.pkl" not in archive.members:
        raise CorruptFileError(
            f"{path} is no whole torch archive", why="data.pkl is missing in it", hint="save the model again"
        )
    for name in archive.names:
        if not name.startswith(f"{root}/"):
            what = f"{name[:120]!r} lies outside of the folder {root[:80]!r} of the model"
            offset = archive.members[name].header_offset
            raise archive.refused([torch.MEMBER.finding(what, member=name, offset=offset)])
    return root


def _read_pickle(archive: Archive, name: str, machine: type[Machine] = Machine) -> tuple[PickleView, TorchSymbols]:
    symbols = TorchSymbols(name)
    with _member(archive, name) as source:
        return read_pickle(source, member=name, symbols=symbols, machine=machine), symbols


@contextmanager
def _member(archive: Archive, name: str) -> Iterator[Source]:
    """A member's bytes, numbered from its own first byte where they fit into memory."""
    if archive.members[name].file_size > _MOST_HELD:
        with archive.source(name) as source:
            yield source
    else:
        yield source_of(io.BytesIO(archive.text(name)), f"{archive.path}:{name}")


def _read_script_pickles(archive: Archive) -> tuple[dict[str, PickleView], list[Finding]]:
    """Every pickle of the archive, and what is found in them."""
    views: dict[str, PickleView] = {}
    found: list[Finding] = []
    for name in (one for one in archive.names if one.endswith(("pkl", ".pickle")) and "/extra/" not in one):
        try:
            view, symbols = _read_pickle(archive, name)
        except CorruptFileError:  # it may hold enumerations, which take the slower machine
            view, symbols = _read_pickle(archive, name, ScriptMachine)
        views[name] = view
        found += script_findings(view, name)
        if (symbols.storages or symbols.tensors) and not name.endswith(
            "/traced_inputs.pkl"
        ):  # only the shapes of these are saved
            found += storage_findings(symbols, _sizes(archive, f"{name.removesuffix('.pkl')}/"), name)
        if name.endswith("/bytecode.pkl"):
            found += bytecode_findings(view.root, name)
    return views, found


def _sizes(archive: Archive, folder: str) -> dict[str, int]:
    """The bytes of each tensor in a folder of the archive."""
    return {
        name.removeprefix(folder): info.file_size for name, info in archive.members.items() if name.startswith(folder)
    }


def _foreign_findings(archive: Archive, root: str, known: re.Pattern[str]) -> list[Finding]:
    """Members that torch does not write, and what those of them would do that are pickles."""
    found: list[Finding] = []
    for name, info in archive.members.items():
        if known.fullmatch(name.removeprefix(f"{root}/")):
            continue
        found.append(torch.MEMBER.finding(f"torch writes no {name[:120]!r}", member=name, offset=info.header_offset))
        with _member(archive, name) as source:
            if begins_like_pickle(source.peek()[:256]):
                try:
                    found += read_pickle(source, persistent=True, whole=False, member=name).findings
                except (CorruptFileError, UnsafeFileError) as error:
                    found += error.findings
    return found


def _judge_code(sources: Mapping[str, bytes]) -> tuple[Counter[str], list[Finding]]:
    """The operators that the code calls, and what is found in it."""
    trees = {name: parsed(content, name) for name, content in sources.items()}
    declared = declared_names(trees.values())
    operators: Counter[str] = Counter()
    found: list[Finding] = []
    for name, content in sources.items():
        code = judge_code(trees[name], content, name, declared)
        operators.update(code.operators)
        found += code.findings.values()
    return operators, found


def _member_text(archive: Archive, name: str) -> str:
    return archive.text(name).decode("utf-8", "replace") if name in archive.members else ""


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
        pending, seen = [root], set[int]()
        while pending:
            part = pending.pop()
            if not isinstance(part, Call) or not seen.isdisjoint({id(part), id(part.state)}):
                continue
            seen |= {id(part), id(part.state)}
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
