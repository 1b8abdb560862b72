"""A network of a thousand inputs, for what batching gives: ``python wide.py FILE``."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE, LARGER = 8, 4


def large_digits() -> tuple[NDArray[np.float64], NDArray[Any]]:
    """The digits of 8 × 8 as 32 × 32, row by row, and what they are."""
    from sklearn.datasets import load_digits

    rows, labels = load_digits(return_X_y=True)
    squares = rows.reshape(-1, SIDE, SIDE) / 16
    large = squares.repeat(LARGER, axis=1).repeat(LARGER, axis=2)
    return large.reshape(len(large), -1), labels


def main(file: str) -> None:
    """Fit the network and write it with joblib."""
    import joblib
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier((1024, 1024), max_iter=4, random_state=0)
    joblib.dump(network.fit(*large_digits()), file)


if __name__ == "__main__":
    main(sys.argv[1])
