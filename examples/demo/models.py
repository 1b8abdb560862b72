"""Trains the demo's models on scikit-learn's bundled data and saves each as people save them.

python models.py FOLDER {sklearn,keras,torch}
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine


def train_sklearn(folder: Path) -> None:
    """A scaler and a forest in joblib, a gradient boosting model in a pickle, and rows of both as CSV."""
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    cancer, wine = load_breast_cancer(as_frame=True), load_wine(as_frame=True)
    forest = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=50, random_state=0))
    joblib.dump(forest.fit(cancer.data, cancer.target), folder / "cancer.joblib")
    boosting = GradientBoostingClassifier(n_estimators=40, random_state=0).fit(wine.data, wine.target)
    (folder / "wine.pkl").write_bytes(pickle.dumps(boosting))
    for name, data in (("cancer", cancer), ("wine", wine)):
        data.data.to_csv(folder / f"{name}.csv", index=False)


def train_keras(folder: Path) -> None:
    """A small CNN on digits in the HDF5 format of Keras, and its images."""
    import keras

    images, labels = _digits()
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    keras.utils.set_random_seed(0)
    model.fit(images[..., None], labels, epochs=3, verbose=0)
    model.save(folder / "digits.h5")
    np.save(folder / "digits_last.npy", images[:200, ..., None])


def train_torch(folder: Path) -> None:
    """The same CNN in torch: pickled as a module, and compiled to TorchScript."""
    import torch
    from torch import nn

    images, labels = _digits()
    inputs, targets = torch.from_numpy(images[:, None]), torch.from_numpy(labels)
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    model.eval()
    torch.save(model, folder / "module.pt")
    torch.jit.script(model).save(folder / "script.pt")
    np.save(folder / "digits_first.npy", images[:200, None])


def _digits() -> tuple[np.ndarray, np.ndarray]:
    digits = load_digits()
    return (digits.images / 16).astype(np.float32), digits.target


if __name__ == "__main__":
    {"sklearn": train_sklearn, "keras": train_keras, "torch": train_torch}[sys.argv[2]](Path(sys.argv[1]))
