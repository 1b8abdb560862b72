"""TorchScript modules, scripted or traced."""

from __future__ import annotations

import sys
from typing import Any

from mlpack.core.errors import NoRouteError
from mlpack.core.framework import InputHints, Visit
from mlpack.network.torch_onnx import copied_script
from mlpack.network.torch_signature import hints_of, in_double, signature_of
from mlpack.network.torchscript_stages import visit_calls
from mlpack.runtime.session import Feed, Session
from mlpack.runtime.signature import Signature
from mlpack.runtime.torchscript_session import TorchScriptSession, signature_noted_on


class TorchScriptFramework:
    """``torch.jit.ScriptModule``, as ``torch.jit.load`` gives it."""

    name = "torchscript"
    title = "TorchScript"
    packages: tuple[str, ...] = ()
    library = "torch"
    distribution = "torch"
    extra = "torch"

    def recognises(self, model: Any) -> bool:
        """A scripted or traced module."""
        loaded = sys.modules.get("torch")
        return loaded is not None and isinstance(model, loaded.jit.ScriptModule)

    def signature(self, model: Any, sample: Feed | None = None) -> Signature:
        """What mlpack noted in the file, else found by running the module on ``sample`` or on guesses from its layers.

        Raises UsageError where a sample is needed, NoRouteError for a module whose ``forward`` takes no tensors.
        """
        noted = signature_noted_on(model)
        if noted is not None:
            return noted
        return signature_of(model.cpu().eval(), tensor_inputs(model), sample)

    def session(self, model: Any, signature: Signature) -> Session:
        """Open the module in evaluation mode."""
        return TorchScriptSession(model, signature)

    def hints(self, model: Any, signature: Signature) -> InputHints:
        """Vocabulary sizes of embedding tables; mean and deviation where a BatchNorm is the first layer."""
        return hints_of(model, signature)

    def stages(self, model: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
        """What the submodules that ``forward`` calls returned; nothing for a module without any."""
        visit_calls(model, signature, feed, visit)

    def in_double(self, model: Any, signature: Signature) -> Session | None:
        """A copy in float64; None where a dtype is written into its code."""
        return in_double(copied_script(model), signature, TorchScriptSession)


def tensor_inputs(model: Any) -> tuple[str, ...]:
    """The tensors that ``forward`` needs. A lone one with a name of one letter is called ``input``.

    Raises NoRouteError for one without ``forward``, or with an input that is no tensor and has no default.
    """
    if not hasattr(model, "forward"):
        raise NoRouteError(
            "this TorchScript module has no forward and cannot predict",
            why=f"{model.original_name} exports other methods only",
            hint="script the module with a forward",
        )
    needed = [argument for argument in model.forward.schema.arguments[1:] if not argument.has_default_value()]
    for argument in needed:
        if str(argument.type) not in {"Tensor", "Optional[Tensor]"}:
            raise NoRouteError(
                f"forward takes {argument.name} of type {argument.type}",
                why="a model that is served takes tensors",
                hint="script a module around it whose forward takes tensors",
            )
    names = tuple(argument.name for argument in needed)
    return ("input",) if len(names) == 1 and len(names[0]) == 1 else names


FRAMEWORK = TorchScriptFramework()
