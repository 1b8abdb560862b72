"""Keras 3 models, whatever file they came from."""

from __future__ import annotations

import sys
from typing import Any

from mlpack.core.errors import NoRouteError, UsageError
from mlpack.core.framework import InputHints, Visit
from mlpack.network.keras_layers import hints_of, visit_layers
from mlpack.network.keras_shapes import declared_signature, subclass_signature
from mlpack.runtime.keras_session import KerasSession
from mlpack.runtime.session import Feed, Session
from mlpack.runtime.signature import Signature


class KerasFramework:
    """``keras.Model``: Sequential, functional and subclassed."""

    name = "keras"
    title = "Keras"
    packages: tuple[str, ...] = ("keras",)
    library = "keras"
    distribution = "keras"
    extra = "keras"

    def recognises(self, model: Any) -> bool:
        """A model; a lone layer is none."""
        loaded = sys.modules.get("keras")
        return loaded is not None and hasattr(loaded, "Model") and isinstance(model, loaded.Model)

    def signature(self, model: Any, sample: Feed | None = None) -> Signature:
        """What the model declares; a subclassed one is asked with ``sample`` or with the shape it was built for.

        Raises UsageError where a sample is needed, NoRouteError for a model without layers.
        """
        if not model.layers and not model.weights:
            raise NoRouteError(
                f"{type(model).__name__} {model.name!r} has no layers and cannot predict",
                why="nothing was added to it before it was saved",
                hint="save the trained model",
            )
        if getattr(model, "inputs", None):
            return declared_signature(model)
        found = subclass_signature(model, sample)
        if found is None:
            raise UsageError(
                f"{type(model).__name__} {model.name!r} does not say what its inputs are",
                why="it is subclassed and the file does not record the shape it was built for",
                hint="pass --data with a sample of the inputs",
            )
        return found

    def session(self, model: Any, signature: Signature) -> Session:
        """Open the model in inference mode."""
        return KerasSession(model, signature)

    def hints(self, model: Any, signature: Signature) -> InputHints:
        """Means, deviations, bounds, vocabularies and boundaries of the layers that read an input directly."""
        return hints_of(model, signature)

    def stages(self, model: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
        """What every layer returned, in the order of execution, of an eager run."""
        visit_layers(model, signature, feed, visit)

    def in_double(self, model: Any, signature: Signature) -> Session | None:
        """A clone in float64 with the same weights; None where it does not answer as the model does."""
        from mlpack.network.keras_double import double_of

        return double_of(model, signature)


FRAMEWORK = KerasFramework()
