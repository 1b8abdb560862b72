"""Code of real modules is clean; names that reach for files are found however they are spelled."""

from __future__ import annotations

import enum
import warnings
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from mlpack.core.errors import UnsafeFileError
from mlpack.formats import format_named, identify
from mlpack.scan.lists.graphs import torchscript_operators
from mlpack.scan.torch_code import declared_names, judge_code, parsed

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")


class Kind(enum.Enum):
    """An enumeration that a module holds."""

    FIRST = 1
    SECOND = 2


class Pair(NamedTuple):
    """What a module returns."""

    one: Tensor
    many: list[Tensor]


class Everything(nn.Module):
    """Containers, enumerations, branches, loops, texts and methods with the names of operators."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.LayerNorm(4)])
        self.kind = Kind.SECOND
        self.numbers = [1, 2]
        self.table = {"a": torch.ones(4)}
        self.device_of = torch.device("cpu")
        self.factor = 1 + 2j
        self.register_buffer("sparse", torch.eye(4).to_sparse())

    @torch.jit.export
    def save(self, x: Tensor, set: str) -> Tensor:
        """A method of its own."""
        return x + len(set)

    def forward(self, x: Tensor, times: int | None = None) -> Pair:
        for layer in self.layers:
            x = layer(x)
        if times is not None:
            while times > 0:
                times -= 1
                x = x * self.table["a"]
        future = torch.jit.fork(torch.relu, x)
        message = f"shape {x.shape}: save('x', \"y\") \n ops.aten.save é"
        if self.kind == Kind.FIRST:
            raise RuntimeError(message)
        return Pair(self.save(torch.jit.wait(future), "ops.aten.save("), [x[..., 1:], x.to(torch.float16)])


class Network(nn.Module):
    """What people train."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.lstm = nn.LSTM(36, 8, batch_first=True, num_layers=2)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        features = self.conv(x).unsqueeze(1)
        return torch.softmax(self.head(self.encoder(self.lstm(features)[0])).squeeze(1), 1)


IMAGES = torch.zeros(2, 1, 8, 8)
MODULES = {
    "scripted": lambda: torch.jit.script(Network().eval()),
    "traced": lambda: torch.jit.trace(Network().eval(), IMAGES, check_trace=False),
    "frozen": lambda: torch.jit.freeze(torch.jit.script(Network().eval())),
    "frozen trace": lambda: torch.jit.freeze(torch.jit.trace(Network().eval(), IMAGES, check_trace=False)),
    "everything": lambda: torch.jit.script(Everything()),
    "half": lambda: torch.jit.script(nn.Linear(4, 4).to(torch.bfloat16)),
    "quantised": lambda: torch.jit.script(quantised(nn.Sequential(nn.Linear(4, 4)))),
    "quantised lstm": lambda: torch.jit.script(quantised(nn.Sequential(nn.LSTM(4, 4)))),
}


def quantised(module):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(module, {nn.Linear, nn.LSTM})


@pytest.mark.parametrize("name", MODULES)
def test_modules_that_people_save_are_clean_and_load(name, tmp_path):
    module = MODULES[name]()
    with (tmp_path / "model.pt").open("wb") as file:
        torch.jit.save(module, file)
    form, header = identify(tmp_path / "model.pt")
    assert (form.name, header.findings) == ("torchscript", ())
    assert form.load(tmp_path / "model.pt") is not None


def test_a_module_for_phones_is_clean(tmp_path):
    torch.jit.script(nn.Linear(4, 4))._save_for_lite_interpreter(str(tmp_path / "model.pt"))
    assert identify(tmp_path / "model.pt")[1].findings == ()


def test_extra_files_are_inert(tmp_path):
    extra = {"notes.txt": "hello", "evil.py": "import os", "data.pkl": b"cos\nsystem\n."}
    torch.jit.save(torch.jit.script(nn.Linear(4, 4)), str(tmp_path / "model.pt"), _extra_files=extra)
    assert identify(tmp_path / "model.pt")[1].findings == ()


def judged(body, declared=()):
    source = f"class S(Module):\n  def forward(self: __torch__.S, x: Tensor) -> Tensor:\n    {body}\n    return x\n"
    content = source.encode()
    return list(judge_code(parsed(content, "m.py"), content, "m.py", frozenset(declared)).findings.values())


@pytest.mark.parametrize(
    "body",
    [
        'torch.save(x, "f")',
        'ops.aten.save(x, "f")',
        "f = torch.save",
        "y = [torch.from_file]",
        'y = getattr(torch, "save")(x)',
        "y = getattr(x, name)",
        'y = getattr(x, "set_")(x)',
        "t = torch",
        "o = ops.aten",
        "y = (ops).aten.save",
        "y = ops.aten.add.Tensor(x)",
        "y = torch.classes.mine.Thing()",
        "y = __torch__.torch.classes.mine.Thing()",
        "y : __torch__.torch.classes.mine.Thing = x",
        "y = x.set_(x)",
        "y = torch.\\\n      save(x)",
        "y = ops.prim.PythonOp(x)",
        "y = ops.c10d.send(x)",
        "y = ops.mine.op(x)",
        "y = torch.of_the_next_torch(x)",
        "getattr = x",
        "open(x)",
        'y = "a" + torch.from_file("é")',
        "import os",
        "from torch import save",
        "import __torch__.torch.classes.mine",
    ],
)
def test_what_no_model_needs_is_found(body):
    found = judged(body)
    assert found
    assert {one.severity for one in found} == {"error"}
    assert all(one.offset is not None and one.member == "m.py" for one in found)


@pytest.mark.parametrize(
    "body",
    [
        'y = "torch.save(x)"',
        "y = x  # torch.save(x)",
        "y = self.save(x)",
        'y = getattr(self, "0")',
        "y = ops.prim.device(x)",
        "y = ops.torchvision.nms(x, x, 0.5)",
        "y : Optional[Tensor] = annotate(List[int], [])",
        "open = x\n    y = open",
        "y = __torch__.torch.classes.quantized.LinearPackedParamsBase",
        "input = x\n    y = torch.add(input, -inf)",
    ],
)
def test_what_models_do_is_clean(body):
    assert judged(body, declared={"save"}) == []


@pytest.mark.parametrize(
    "content",
    [
        b"x = (1",
        b"x = 1\r    torch.save",
        b"x = '\0'",
        b"x = '\xff'",
        b"x = 1 # type: (int)",
        b"x = " + b"(" * 5000,
        b"\x80\x02.",
    ],
)
def test_what_cannot_be_judged_is_refused(content):
    (found,) = judge_code(parsed(content, "m.py"), content, "m.py", frozenset()).findings.values()
    assert found.rule == "torchscript/code"
    assert "cannot be judged" in found.message


def test_a_finding_says_at_which_byte():
    content = 'x = "é"; y = torch.save("/tmp/f")\n'.encode()
    (found,) = judge_code(parsed(content, "m.py"), content, "m.py", frozenset()).findings.values()
    assert content[found.offset :].startswith(b"torch.save")
    assert "'/tmp/f'" in found.message


def test_names_are_declared_by_classes():
    content = b"class S(Module):\n  w : Tensor\n  def save(self: __torch__.S) -> int:\n    return 1\ndef f() -> int:\n  pass\n"
    assert declared_names([parsed(content, "m.py")]) == {"w", "save"}


def test_the_list_knows_what_the_installed_torch_can_do_with_files():
    """An operator of torch with a text for a file name or path is on the list of those kept off, or harmless by review."""
    named = {
        schema.name
        for schema in torch._C._jit_get_all_schemas()
        if any("file" in one.name.lower() or one.name.lower() == "path" for one in schema.arguments)
    }
    listed = {f"{namespace}::{name}" for namespace, name in torchscript_operators().listed}
    assert {"aten::from_file", "aten::save"} <= named
    assert named & listed == {"aten::einsum"}, "its path is the order of contraction"


def test_a_method_of_ones_own_may_be_called_save_and_set_may_not(tmp_path):
    assert judged("y = x.save(x)", declared={"save"}) == []
    assert judged("y = x.set_(x)", declared={"set_"})
    assert "aten::save" in judged("y = x.save(x)")[0].message


def test_a_refusal_names_operator_member_and_byte(tmp_path):
    from hostile.torchscript import running

    path = running('torch.save(1, "{canary}")')(tmp_path, tmp_path / "canary")
    with pytest.raises(UnsafeFileError) as refusal:
        format_named("torchscript").load(path)
    assert "aten::save" in refusal.value.why
    assert "s/code/__torch__.py, byte " in refusal.value.why
    assert not (tmp_path / "canary").exists()
