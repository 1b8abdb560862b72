"""Rules about TorchScript archives and torch's own files."""

from __future__ import annotations

from mlpack.scan.rules.rule import Rule

_SAVE = "save the model again: torch.jit.script(model).save(...)"

OPERATOR = Rule("torchscript/operator", "error", "The code calls an operator that no model needs")
CODE = Rule("torchscript/code", "error", "The code is written in a way that torch does not write it", _SAVE)
CLASS = Rule("torchscript/class", "error", "The code is made of C++ classes that compute nothing")
MEMBER = Rule("torch/member", "error", "The archive holds something that torch does not write", _SAVE)
STORAGE = Rule("torch/storage", "error", "A tensor claims values that are not in the file")
UNSEEN = Rule(
    "torch/unseen",
    "warning",
    "The places of a tensor's parts are computed from other tensors",
    "if you know where the file comes from, vouch for it: mlpack trust add FILE",
)
