"""Layers of a user's own, which models in tests are made of."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable(package="mine")
class Doubled(keras.layers.Layer):
    """Twice what comes in."""

    def call(self, x):
        """Double."""
        return 2 * x


class Tripled(keras.layers.Layer):
    """Three times what comes in; nobody registered it."""

    def call(self, x):
        """Triple."""
        return 3 * x


@keras.saving.register_keras_serializable(package="mine")
def squared(x):
    """An activation."""
    return x * x
