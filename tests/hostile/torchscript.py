"""TorchScript archives. Their code runs when they are loaded: a module's ``__setstate__`` is called for it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hostile.corpus import Harm, Hostile

_CODE = """class S(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def forward(s: __torch__.S,
    x: Tensor) -> Tensor:
    return x
  def __getstate__(s: __torch__.S) -> Tuple[int]:
    return (1,)
  def __setstate__(s: __torch__.S,
    state: Tuple[int]) -> NoneType:
    s.training = False
{body}
    return None
"""
_HOLDER = """class S(Module):
  __parameters__ = []
  __buffers__ = ["w", ]
  training : bool
  w : Tensor
  def forward(s: __torch__.S,
    x: Tensor) -> Tensor:
    w = s.w
    return torch.add(x, torch.sum(w))
"""
_DATA = b"\x80\x02c__torch__\nS\n)\x81K\x01\x85b."
_GADGET = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."


def archive(path: Path, code: str, data: bytes = _DATA, members: Mapping[str, bytes] | None = None) -> Path:
    """An archive as `torch.jit.save` writes it, with further ``members``."""
    content = {
        "s/data.pkl": data,
        "s/code/__torch__.py": code.encode(),
        "s/constants.pkl": b"\x80\x02).",
        "s/version": b"3\n",
        "s/byteorder": b"little",
        **(members or {}),
    }
    with zipfile.ZipFile(path, "w") as written:
        for name, value in content.items():
            written.writestr(name, value)
    return path


def running(*lines: str, **members: str) -> Callable[[Path, Path], Path]:
    """Writes an archive that runs ``lines`` while it is loaded; ``{canary}`` is the file to create."""

    def write(folder: Path, canary: Path) -> Path:
        body = "\n".join(f"    {line}".format(canary=canary) for line in lines)
        others = {f"s/code/__torch__/{name}.py": text.format(canary=canary).encode() for name, text in members.items()}
        return archive(folder / "model.pt", _CODE.format(body=body), members=others)

    return write


def with_members(**members: bytes) -> Callable[[Path, Path], Path]:
    """Writes an honest archive with ``members`` beside; two underscores stand for a slash."""

    def write(folder: Path, canary: Path) -> Path:
        named = {name.replace("__", "/").replace("_", "."): value for name, value in members.items()}
        return archive(folder / "model.pt", _CODE.format(body="    pass"), members=named)

    return write


def number(value: int) -> bytes:
    """A whole number in a pickle, as torch's own reader takes it."""
    return b"\x8a\x08" + value.to_bytes(8, "little")


def holding(count: int, offset: int, size: int, stride: int = 1, stored: int = 4) -> Callable[[Path, Path], Path]:
    """Writes an archive with one tensor of ``stored`` values that claims to be something else."""

    def write(folder: Path, canary: Path) -> Path:
        storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
        storage += number(count) + b"tQ"
        tensor = (
            b"ctorch._utils\n_rebuild_tensor_v2\n("
            + storage
            + number(offset)
            + number(size)
            + b"\x85"
            + number(stride)
            + b"\x85\x89ccollections\nOrderedDict\n)RtR"
        )
        data = b"\x80\x02c__torch__\nS\n)\x81}(X\x08\x00\x00\x00training\x89X\x01\x00\x00\x00w" + tensor + b"ub."
        return archive(folder / "model.pt", _HOLDER, data, {"s/data/0": bytes(4 * stored)})

    return write


def hostile(
    name: str,
    write: Callable[[Path, Path], Path],
    *says: str,
    rule: str = "torchscript/operator",
    harm: Harm = "runs",
    proof: str = "torchscript",
) -> Hostile:
    """An entry of this file. What holds without the scan is the worker's sandbox, see `test_torchscript.py`."""
    return Hostile(f"torchscript/{name}", "TorchScript", write, says, (rule,), harm=harm, proof=proof, unscanned="")


_SAVE = 'save(1, "{canary}")'
_PHONE = b"\x80\x02(K\x08(X\x09\x00\x00\x00operators(X\x0a\x00\x00\x00aten::saveX\x00\x00\x00\x00K\x02ttt."
_PHONE_IN_CIRCLES = b"\x80\x02(" + _PHONE[2:-1] + b"]q\x00(" + b"h\x00" * 5000 + b"et."
"""Behind it a list that holds itself: whoever walks through that comes to no end, or gives up before the operator."""
_ELSEWHERE = """def hidden() -> NoneType:
  ops.aten.save(1, "{canary}")
  return None
"""

HOSTILE = (
    hostile("save", running(f"torch.{_SAVE}"), "aten::save(", "writes a file"),
    hostile(
        "from-file",
        running('s.training = bool(torch.sum(torch.from_file("{canary}", True, 4)))'),
        "aten::from_file(",
        "reads or writes a file",
    ),
    hostile("spelled-out", running(f"ops.aten.{_SAVE}"), "aten::save"),
    hostile("another-name", running("f = torch.save", 'f(1, "{canary}")'), "aten::save"),
    hostile("torch-by-another-name", running("t = torch", f"t.{_SAVE}"), "bare name torch", rule="torchscript/code"),
    hostile("ops-by-another-name", running("o = ops.aten", f"o.{_SAVE}"), "ops.aten", rule="torchscript/code"),
    hostile("getattr", running('getattr(torch, "save")(1, "{canary}")'), "bare name torch", rule="torchscript/code"),
    hostile("continued-line", running("torch.\\", f"  {_SAVE}"), "aten::save"),
    hostile("in-brackets", running(f"(torch).{_SAVE}"), "aten::save"),
    hostile("in-another-file", running("__torch__.helpers.hidden()", helpers=_ELSEWHERE), "aten::save"),
    hostile("python", running('__import__("os").system("id")'), "__import__", rule="torchscript/code", proof=""),
    hostile("operator-of-a-plug-in", running('ops.image.write_file("{canary}", s)'), "image::write_file", proof=""),
    hostile("python-object", running("ops.prim.PythonOp(1)"), "calls a Python object", proof=""),
    hostile("another-machine", running("ops.prim.rpc_sync(1)"), "talks to another machine", proof=""),
    hostile(
        "a-library-of-the-system",
        running("c = __torch__.torch.classes._nnapi.Compilation()"),
        "torch.classes._nnapi.Compilation",
        rule="torchscript/class",
        proof="",
    ),
    hostile("no-python", running("x = (1"), "cannot be judged", rule="torchscript/code", proof=""),
    hostile("code-in-a-comment", running("x = 1  # type: int"), "comment", rule="torchscript/code", proof=""),
    hostile("for-phones", with_members(s__bytecode_pkl=_PHONE), "bytecode calls aten::save", proof=""),
    hostile(
        "for-phones-in-circles", with_members(s__bytecode_pkl=_PHONE_IN_CIRCLES), "bytecode calls aten::save", proof=""
    ),
    hostile(
        "pickle-beside",
        with_members(s__model_pkl=_GADGET),
        "posix.system",
        "'s/model.pkl'",
        rule="torch/member",
        proof="",
    ),
    hostile("other-folder", with_members(t__data_pkl=_GADGET), "'t/data.pkl'", rule="torch/member", proof=""),
    hostile("other-case", with_members(s__DATA_pkl=_GADGET), "posix.system", rule="zip/duplicate", proof=""),
    hostile(
        "pickled-code",
        lambda folder, canary: archive(folder / "model.pt", _CODE.format(body="    pass"), _GADGET),
        "posix.system",
        rule="pickle/name",
        proof="",
    ),
    hostile(
        "storage-that-is-not-there",
        holding(count=1 << 40, offset=0, size=1 << 39),
        "the storage 0 claims 1,099,511,627,776 values",
        rule="torch/storage",
        harm="crashes",
    ),
    hostile("size-behind-the-storage", holding(4, 0, 1 << 20), "a storage of 4", rule="torch/storage", proof=""),
    hostile("offset-behind-the-storage", holding(4, 1 << 20, 4), "a storage of 4", rule="torch/storage", proof=""),
    hostile("stride-behind-the-storage", holding(4, 0, 4, 1 << 20), "a storage of 4", rule="torch/storage", proof=""),
)
