"""The operators as functions that `torch.jit.script` compiles, and the compilation itself.

TorchScript reads the source of these modules, so torch is imported at their top; nothing imports this package but
`graph.py`, from inside a function. Annotations are evaluated here: no `from __future__ import annotations`.
"""

import warnings

import torch

from mlpack.converters.onnx_to_torchscript.ops import conv as ops_conv
from mlpack.converters.onnx_to_torchscript.ops import elementwise as ops_elementwise
from mlpack.converters.onnx_to_torchscript.ops import indexing as ops_indexing
from mlpack.converters.onnx_to_torchscript.ops import linear as ops_linear
from mlpack.converters.onnx_to_torchscript.ops import ml as ops_ml
from mlpack.converters.onnx_to_torchscript.ops import ml_svm as ops_ml_svm
from mlpack.converters.onnx_to_torchscript.ops import ml_trees as ops_ml_trees
from mlpack.converters.onnx_to_torchscript.ops import norm as ops_norm
from mlpack.converters.onnx_to_torchscript.ops import pooling as ops_pooling
from mlpack.converters.onnx_to_torchscript.ops import quantize as ops_quantize
from mlpack.converters.onnx_to_torchscript.ops import recurrent as ops_recurrent
from mlpack.converters.onnx_to_torchscript.ops import reduce as ops_reduce
from mlpack.converters.onnx_to_torchscript.ops import resize as ops_resize
from mlpack.converters.onnx_to_torchscript.ops import scatter as ops_scatter
from mlpack.converters.onnx_to_torchscript.ops import sequence as ops_sequence
from mlpack.converters.onnx_to_torchscript.ops import shape as ops_shape

__all__ = [
    "compile_forward",
    "ops_conv",
    "ops_elementwise",
    "ops_indexing",
    "ops_linear",
    "ops_ml",
    "ops_ml_svm",
    "ops_ml_trees",
    "ops_norm",
    "ops_pooling",
    "ops_quantize",
    "ops_recurrent",
    "ops_reduce",
    "ops_resize",
    "ops_scatter",
    "ops_sequence",
    "ops_shape",
]


def compile_forward(module: torch.nn.Module, source: str) -> torch.jit.ScriptModule:
    """Script a module that has buffers only and define `forward` on it from source.

    The names `torch` and `ops_*` in the source are looked up among this module's globals, which is why the
    compilation stands here.
    """
    with warnings.catch_warnings():
        # torch 2.9 and later deprecate scripting in favour of torch.export, which cannot write a TorchScript file.
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(module)
        scripted.define(source)
    return scripted
