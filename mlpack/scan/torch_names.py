"""The names that the pickles of a TorchScript archive may use: those that its C++ reader knows, and classes of its own code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mlpack.core.finding import Finding
from mlpack.scan.lists.graphs import torchscript_operators
from mlpack.scan.pickles.stream import PickleView
from mlpack.scan.rules import pickles, torch

_KNOWN = frozenset(
    {
        "collections.OrderedDict",
        "builtins.complex",
        "torch.device",
        "torch.serialization._get_layout",
        *(
            f"torch.jit._pickle.build_{kind}"
            for kind in ("intlist", "doublelist", "boollist", "tensorlist", "complexlist")
        ),
        *("torch.jit._pickle.restore_type_tag", "torch.jit._pickle.build_tensor_from_id"),
        *("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_qtensor"),
        *("torch._utils._rebuild_sparse_tensor", "torch._utils._rebuild_meta_tensor_no_storage"),
        *(f"torch.{scheme}" for scheme in ("per_tensor_affine", "per_tensor_symmetric", "per_channel_affine")),
        *("torch.per_channel_symmetric", "torch.per_channel_affine_float_qparams"),
    }
)
"""`Unpickler::readGlobal` in torch/csrc/jit/serialization/unpickler.cpp."""
_STORAGE = re.compile(r"torch\.\w+Storage|torch\.storage\.\w+Storage")
_OWN = re.compile(r"__torch__(?:\.\w+)+")
_CLASSES = re.compile(
    r"__torch__\.torch\.classes\.(?:quantized\.(?:Linear|Conv[123]d|Embedding)PackedParamsBase|rnn\.CellParamsBase)"
)
_OPERATOR = re.compile(r"(\w+)::(\w+)(?:\.\w+)?")


def script_findings(view: PickleView, member: str) -> Iterator[Finding]:
    """What is wrong with a pickle in a TorchScript archive."""
    yield from (found for found in view.findings if not found.use)
    for use, (offset, shown) in view.uses.items():
        name = f"{use.module}.{use.name}"
        if name in _KNOWN or _STORAGE.fullmatch(name):
            continue
        if name.startswith("__torch__.torch.classes."):
            if not _CLASSES.fullmatch(name):
                what = f"it makes an object of the C++ class {name.removeprefix('__torch__.')[:120]}"
                yield torch.CLASS.finding(what, member=member, offset=offset)
        elif not _OWN.fullmatch(name):
            yield pickles.NAME.finding(f"it names {name[:120]}{shown}", member=member, offset=offset)


def bytecode_findings(root: Any, member: str) -> Iterator[Finding]:
    """Operators that the bytecode for phones names: tuples of texts, in which ``aten::add`` stands for a call."""
    pending, entered, seen = [root], set[int](), set[str]()
    while pending:
        part = pending.pop()
        if isinstance(part, tuple | list):
            if id(part) not in entered:  # all of them are held by the root
                entered.add(id(part))
                pending.extend(part)
        elif isinstance(part, str) and part not in seen:
            seen.add(part)
            named = _OPERATOR.fullmatch(part)
            if named and (named[1], named[2]) not in torchscript_operators().listed:
                yield torch.OPERATOR.finding(f"its bytecode calls {part[:120]}", member=member)
