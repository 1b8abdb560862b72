"""Predictions of a TorchScript module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .session import ClosingSession, Feed, Outputs
from .signature import Signature
from .torch_values import named_outputs, positional

if TYPE_CHECKING:
    import torch

PROVENANCE = "mlpack.json"
"""The extra file in which mlpack notes what it knows of a TorchScript file."""

_NOTE = "_mlpack_signature"


class TorchScriptSession(ClosingSession):
    """A TorchScript file or module in evaluation mode on the CPU, without gradients.

    ``signature`` may be left out where the file carries one in its extra file. ``threads`` sets torch's threads
    within one operator, for the whole process.

    Raises ValueError where neither the caller nor the file has a signature.
    """

    def __init__(
        self,
        model: str | Path | torch.jit.ScriptModule,
        signature: Signature | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        if isinstance(model, (str, Path)):
            model = load_with_signature(model)
        noted = signature_noted_on(model)
        known = signature or noted
        if known is None:
            raise ValueError("this TorchScript file does not say what its inputs are, and no signature was given")
        self.signature = known
        self._module: Any = model.cpu().eval()

    def run(self, feed: Feed) -> Outputs:
        """Predict. Raises what the module raises, KeyError for a missing input, TypeError for strings."""
        import torch

        with torch.inference_mode():
            return named_outputs(self._module(*positional(self.signature.inputs, feed)), self.signature.outputs)

    def close(self) -> None:
        """Let go of the module."""
        self._module = None


def load_with_signature(path: str | Path) -> torch.jit.ScriptModule:
    """The module in a file; the signature in its extra file, where mlpack wrote one, is noted on it."""
    import torch

    extra = {PROVENANCE: ""}
    module = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)
    signature = noted_signature(extra[PROVENANCE])
    return module if signature is None else note_signature(module, signature)


def noted_signature(provenance: str | bytes) -> Signature | None:
    """The signature in the text of a provenance document; None where it holds none."""
    if not provenance:
        return None
    document = json.loads(provenance)
    noted = document.get("mlpack.signature") or document.get("signature")
    if isinstance(noted, str):
        noted = json.loads(noted)
    return Signature.from_json(noted) if noted else None


def note_signature(module: torch.jit.ScriptModule, signature: Signature) -> torch.jit.ScriptModule:
    """``module`` with its signature noted on it (on this Python object, not in what is saved)."""
    object.__setattr__(module, _NOTE, signature)
    return module


def signature_noted_on(module: torch.jit.ScriptModule) -> Signature | None:
    """The signature that `note_signature` left on ``module``."""
    noted: Signature | None = vars(module).get(_NOTE)
    return noted
