"""torch modules, as a pickle or a notebook holds them."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from mlpack.core.errors import NoRouteError, UsageError
from mlpack.core.framework import InputHints, Visit
from mlpack.network.torch_signature import hints_of, in_double, signature_of
from mlpack.network.torch_stages import visit_modules
from mlpack.runtime.session import Feed, Session
from mlpack.runtime.signature import Signature
from mlpack.runtime.torch_session import TorchSession

if TYPE_CHECKING:
    import torch


class TorchFramework:
    """``torch.nn.Module``, scripted ones excepted."""

    name = "torch"
    title = "PyTorch"
    packages: tuple[str, ...] = ("torch",)
    library = "torch"
    distribution = "torch"
    extra = "torch"

    def recognises(self, model: Any) -> bool:
        """A module that is no TorchScript."""
        loaded = sys.modules.get("torch")
        return (
            loaded is not None
            and isinstance(model, loaded.nn.Module)
            and not isinstance(model, loaded.jit.ScriptModule)
            and not _is_keras(model)
        )

    def signature(self, model: Any, sample: Feed | None = None) -> Signature:
        """Found by running the module on ``sample``, its ``example_input_array``, or guesses from its first layers.

        Raises UsageError where a sample is needed, NoRouteError for a module without ``forward``.
        """
        names = required_inputs(model)
        if sample is None:
            sample = _own_example(model, names)
        return signature_of(model.cpu().eval(), names, sample)

    def session(self, model: Any, signature: Signature) -> Session:
        """Open the module in evaluation mode."""
        return TorchSession(model, signature)

    def hints(self, model: Any, signature: Signature) -> InputHints:
        """Vocabulary sizes of embedding tables; mean and deviation where a BatchNorm is the first layer."""
        return hints_of(model, signature)

    def stages(self, model: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
        """The output of every module that runs no other module, in the order of execution."""
        visit_modules(model, signature, feed, visit)

    def in_double(self, model: Any, signature: Signature) -> Session | None:
        """A copy in float64; None where some part of the module insists on float32."""
        import copy

        return in_double(copy.deepcopy(model), signature, TorchSession)


def required_inputs(model: torch.nn.Module) -> tuple[str, ...]:
    """The parameters of ``forward`` without a default. A lone one with a name of one letter is called ``input``.

    Raises NoRouteError for a module without ``forward``, UsageError for one with ``*args``.
    """
    if type(model).forward is _unimplemented() and "forward" not in vars(model):
        raise NoRouteError(
            f"{type(model).__qualname__} has no forward and cannot predict",
            why="its class defines none: a ModuleList or a ModuleDict is a part of a model",
            hint="save the module whose forward uses it",
        )
    parameters = list(inspect.signature(model.forward).parameters.values())
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        raise UsageError(
            f"{type(model).__qualname__}.forward takes *args, so that it does not say what its inputs are",
            hint="give forward named parameters, or save it as TorchScript: torch.jit.trace(model, example).save(path)",
        )
    names = tuple(
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    )
    return ("input",) if len(names) == 1 and len(names[0]) == 1 else names


def _own_example(model: Any, names: tuple[str, ...]) -> Feed | None:
    """Lightning modules carry an ``example_input_array``."""
    example = getattr(model, "example_input_array", None)
    if example is None:
        return None
    tensors = example if isinstance(example, (tuple, list)) else (example,)
    return {name: tensor.detach().cpu().numpy() for name, tensor in zip(names, tensors, strict=False)}


def _unimplemented() -> Any:
    import torch

    return torch.nn.Module.forward


def _is_keras(model: Any) -> bool:
    """On the torch backend, Keras models are torch modules too."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


FRAMEWORK = TorchFramework()
