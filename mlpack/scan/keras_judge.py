"""Judges a Keras configuration: every class and function that it names, against what Keras itself ships.

Keras resolves a name in `keras.src.saving.serialization_lib` (files with modules) or in `keras.src.legacy.saving` (bare names
of HDF5 files). A name that is listed there and here resolves to Keras's own class; all else is a finding.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlpack.core.errors import CorruptFileError
from mlpack.core.finding import Finding
from mlpack.scan.keras_code import described_code, tensorflow_function
from mlpack.scan.lists import severity_of
from mlpack.scan.lists.graphs import keras_names
from mlpack.scan.rules import Rule, keras

_RUNS = {
    "Lambda": "holds Python bytecode",
    "TFSMLayer": "loads a TensorFlow graph from a path that it names",
    "TorchModuleWrapper": "holds a pickled torch module",
    "FlaxLayer": "holds a pickled function",
    "JaxLayer": "holds a pickled function",
}
_VALUES = frozenset(
    {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__slice__", "__ellipsis__", "__tuple__"}
)
"""Plain values in a dress; `TensorShape` is another, of HDF5 files."""
_PRIVATE = frozenset({"get", "serialize", "deserialize"})
_NEWER = re.compile(r"[A-Z][A-Za-z0-9]*")
_MAX_PARTS = 1_000_000
_MAX_FINDINGS = 100


@dataclass(frozen=True)
class Judgement:
    """``findings`` about a configuration, and the ``own`` classes of the user: module and name, as the file has them."""

    findings: tuple[Finding, ...]
    own: tuple[tuple[str, str], ...]


@dataclass
class _Judge:
    """Collects findings about the configuration in ``text``, once for each thing that is said."""

    member: str
    text: bytes
    training: bool
    found: dict[tuple[str, str], Finding] = field(default_factory=dict)
    own: dict[tuple[str, str], None] = field(default_factory=dict)

    def note(self, rule: Rule, message: str, name: str) -> None:
        """Keep a finding by ``rule``; what only matters for training is a note."""
        if self.training and rule is keras.OWN:
            rule = keras.TRAINING
        if len(self.found) < _MAX_FINDINGS:
            at = self.text.find(b'"' + name.encode("utf-8", "replace") + b'"')
            made = rule.finding(message, member=self.member, offset=at if at >= 0 else None)
            self.found.setdefault((rule.id, message), made)


def judge_config(document: Any, text: bytes | str, *, member: str = "", training: bool = False) -> Judgement:
    """Judge the configuration ``document``, which was parsed from ``text``.

    ``training`` is a part that mlpack never loads: losses, metrics and an optimizer of the user's own are only noted.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    judge = _Judge(member, raw, training)
    if not training and isinstance(document, dict):
        compiled = judge_config(document.get("compile_config"), raw, member=member, training=True)
        judge.found.update({(one.rule, one.message): one for one in compiled.findings})
        document = {key: value for key, value in document.items() if key != "compile_config"}
    for part, owner in parts_of(document):
        _judge_part(judge, part, owner)
    return Judgement(tuple(judge.found.values()), tuple(judge.own))


def parts_of(document: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every dictionary in the configuration, with the layer that it belongs to. What runs code is not looked into."""
    pending: list[tuple[Any, str]] = [(document, "")]
    count = 0
    while pending:
        part, owner = pending.pop()
        count += 1
        if count > _MAX_PARTS:
            raise CorruptFileError("a Keras configuration without end", why=f"it has over {_MAX_PARTS:,} parts")
        if isinstance(part, dict):
            owner = _layer_name(part) or owner
            yield part, owner
            kind = part.get("class_name")
            if not isinstance(kind, str) or kind not in _RUNS:
                pending.extend((value, owner) for value in part.values())
        elif isinstance(part, list):
            pending.extend((value, owner) for value in part)


def _layer_name(part: Mapping[str, Any]) -> str:
    config, kind = part.get("config"), part.get("class_name")
    name = config.get("name") if isinstance(config, dict) else None
    if not isinstance(kind, str):
        return ""
    name = name if isinstance(name, str) else part.get("name")
    return f"layer {name[:80]!r} ({kind[:80]})" if isinstance(name, str) else ""


def _judge_part(judge: _Judge, part: dict[str, Any], owner: str) -> None:
    if "vocabulary" in part and not _is_inline(part["vocabulary"]):
        judge.note(keras.VOCABULARY, f"{owner or 'it'} reads the file {str(part['vocabulary'])[:200]!r}", "vocabulary")
    if "class_name" not in part:
        return
    kind, module = part["class_name"], part.get("module")
    if not isinstance(kind, str) or not isinstance(module, str | None):
        judge.note(keras.FORM, f"{owner or 'it'} names a class in no words", "class_name")
    elif kind in _RUNS:
        judge.note(keras.RUNS, f"{owner or f'a {kind}'} {_RUNS[kind]}{described_code(part.get('config'))}", kind)
    elif kind == "__lambda__":
        judge.note(keras.RUNS, f"a function in {owner or 'it'} holds Python bytecode{described_code(part)}", kind)
    elif kind.startswith("__") or kind in {"TensorShape", "TypeSpec", "CompositeTensor"}:
        _judge_value(judge, kind, part, owner)
    elif kind == "function":
        _judge_function(judge, part, module, owner)
    else:
        _judge_class(judge, part, kind, module, owner)


def _is_inline(vocabulary: Any) -> bool:
    """None, a list of words, or the same as an array."""
    if isinstance(vocabulary, dict) and vocabulary.get("class_name") in ("__numpy__", "__tensor__"):
        config = vocabulary.get("config")
        return isinstance(config, dict) and isinstance(config.get("value"), list)
    return vocabulary is None or isinstance(vocabulary, list)


def _judge_value(judge: _Judge, kind: str, part: dict[str, Any], owner: str) -> None:
    config = part.get("config")
    dtype = config.get("dtype") if isinstance(config, dict) else None
    if kind not in {*_VALUES, "TensorShape"}:
        named = part.get("type_spec", part.get("spec_name", ""))
        shown = f" {str(named)[:80]!r}" if named else ""
        judge.note(keras.FORM, f"{owner or 'it'} has TensorFlow or Python build an object: {kind}{shown}", kind)
    elif not isinstance(dtype, str | None) and kind in {"__tensor__", "__numpy__"}:
        judge.note(keras.FORM, f"{owner or 'it'} has an array whose dtype is no name", kind)


def _judge_function(judge: _Judge, part: dict[str, Any], module: str | None, owner: str) -> None:
    name, known = part.get("config"), keras_names()
    if not isinstance(name, str):
        judge.note(keras.FORM, f"{owner or 'it'} names a function in no words", "function")
        return
    shown = f"{owner or 'it'} names the function {f'{module}.' if module else ''}{name[:80]}"
    if module in {None, "builtins"}:
        if name in _PRIVATE or hasattr(builtins, name):
            judge.note(keras.MODULE, shown, name)
        elif name not in known.bare_functions:
            _own(judge, part, "", name, shown)
    elif _is_keras(module):
        if (_canonical(module), name) not in known.functions:
            judge.note(keras.FUNCTION, f"{shown}, which is no part of a model", name)
    else:
        _judge_foreign(judge, part, str(module), name, shown)


def _judge_class(judge: _Judge, part: dict[str, Any], kind: str, module: str | None, owner: str) -> None:
    known = keras_names()
    shown = f"{owner or 'it'} is of the class {f'{module}.' if module else ''}{kind[:80]}"
    called = tensorflow_function(kind, part.get("config"))
    if called is not None:
        if called:
            judge.note(keras.FUNCTION, f"{owner or 'it'} calls {called}", kind)
    elif module is None:
        _judge_bare(judge, part, kind, shown)
    elif not _is_keras(module):
        _judge_foreign(judge, part, module, kind, shown)
    elif (_canonical(module), kind) in known.classes:
        registered = part.get("registered_name")
        if registered not in (None, kind):
            _own(judge, part, module, kind, f"{shown}, under the name {str(registered)[:80]!r}")
    elif (_canonical(module), kind) in known.functions:
        return
    elif _canonical(module) in {listed for listed, _ in known.classes} and _NEWER.fullmatch(kind):
        _own(judge, part, module, kind, f"{shown}, which the Keras that mlpack knows does not have")
    else:
        judge.note(keras.MODULE, shown, kind)


def _judge_bare(judge: _Judge, part: dict[str, Any], kind: str, shown: str) -> None:
    """Without a module: Keras looks in its layers, initializers..., and in what the user registered."""
    known = keras_names()
    if kind in known.bare and part.get("registered_name") in (None, kind):
        return
    if kind in known.bare_functions:
        return
    if ">" in kind or _NEWER.fullmatch(kind) or kind in known.bare:
        _own(judge, part, "", kind, shown)
    else:
        judge.note(keras.MODULE, shown, kind)


def _judge_foreign(judge: _Judge, part: dict[str, Any], module: str, name: str, shown: str) -> None:
    parts = [*module.split("."), *name.rpartition(">")[2].split(".")]
    if not all(one.isidentifier() for one in parts) or severity_of(module, name, "called") == "error":
        judge.note(keras.MODULE, shown, name)
    else:
        _own(judge, part, module, name, shown)


def _own(judge: _Judge, part: dict[str, Any], module: str, name: str, shown: str) -> None:
    judge.own[module, str(part.get("registered_name") or name)] = None
    judge.note(keras.OWN, f"{shown}, which is not Keras's own", name)


def _is_keras(module: str | None) -> bool:
    return module is not None and module.partition(".")[0] in {"keras", "tf_keras"}


def _canonical(module: str | None) -> str:
    """``tf_keras.layers`` is what Keras 2 calls ``keras.layers`` in its last releases."""
    return str(module).removeprefix("tf_")
