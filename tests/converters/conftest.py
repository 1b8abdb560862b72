"""Neural networks, trained for seconds on scikit-learn's digits, and what a conversion of them is held against."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def digit_images():
    """1,797 images of 8 × 8 in [0, 1], and the digit that each shows."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return (data.images / 16).astype(np.float32), data.target


@pytest.fixture(scope="session")
def torch_networks(digit_images):
    """torch modules of many kinds by name, in evaluation mode; ``digits`` is trained."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    networks = {
        "digits": _trained(digit_images),
        "mlp": nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 2), nn.Softmax(-1)),
        "normalised": nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 1)),
        "fully convolutional": nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.Conv2d(4, 2, 1)),
        "signal": nn.Conv1d(3, 4, 3),
        "lstm": nn.LSTM(5, 6, batch_first=True, bidirectional=True),
        "lstm, time first": nn.LSTM(5, 6),
        "encoder": nn.TransformerEncoderLayer(16, 2, 32, batch_first=True),
        "double": nn.Linear(3, 2).double(),
        "words": nn.Embedding(9, 3),
    }
    return {name: network.eval() for name, network in networks.items()} | _written()


def _trained(digit_images):
    import torch
    from torch import nn

    images, labels = torch.from_numpy(digit_images[0])[:, None], torch.from_numpy(digit_images[1])
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2),
        nn.Linear(128, 10),
    )  # fmt: skip
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimiser.step()
    assert (network.eval()(images).argmax(1) == labels).double().mean() > 0.9
    return network


def _written():
    """Modules with a forward of their own; TorchScript reads their source."""
    from torch import nn

    class Translator(nn.Module):
        """Token ids through a Transformer."""

        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(50, 16)
            self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2)
            self.head = nn.Linear(16, 3)

        def forward(self, tokens):
            return self.head(self.encoder(self.table(tokens)).mean(1))

    class TwoInputs(nn.Module):
        """A dict of outputs, one of them called as an input is."""

        def __init__(self) -> None:
            super().__init__()
            self.left = nn.Linear(4, 3)
            self.right = nn.Embedding(7, 3)

        def forward(self, left, right):
            return {"sum": self.left(left) + self.right(right).mean(1), "left": self.left(left)}

    class Undecided(nn.Module):
        """Decides by the values of its input, and loops by another."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, rows):
            rows = self.layer(rows) if rows.sum() > 0 else -rows
            for _ in range(int(rows.size(1))):
                rows = rows * 0.5
            return rows

    class Silent(nn.Module):
        """Answers NaN, whatever it is given."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, rows):
            return self.layer(rows) * float("nan")

    made = {
        "translator": Translator(),
        "two inputs": TwoInputs(),
        "undecided": Undecided(),
        "all NaN": Silent(),
    }
    return {name: network.eval() for name, network in made.items()}


@pytest.fixture(scope="session")
def keras_networks():
    """Keras models of many kinds by name."""
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(0)
    measured = layers.Normalization()
    measured.adapt(np.random.default_rng(0).random((50, 8, 8, 1)) * 3)
    convolutional = keras.Sequential(
        [
            keras.Input((8, 8, 1)), measured, layers.Conv2D(8, 3, padding="same"), layers.BatchNormalization(),
            layers.ReLU(), layers.MaxPooling2D(2), layers.Flatten(), layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )  # fmt: skip
    norm = convolutional.layers[2]
    norm.moving_mean.assign(np.linspace(-0.5, 0.5, 8))
    norm.moving_variance.assign(np.linspace(0.5, 2, 8))
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right", dtype="int32")
    joined = layers.concatenate([left, layers.Flatten()(layers.Embedding(20, 4)(right))])
    sequence = keras.Input((None, 8))
    attended = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(sequence, sequence) + sequence)
    return {
        "recurrent": keras.Sequential(
            [
                keras.Input((None, 5)), layers.LSTM(6, return_sequences=True), layers.Bidirectional(layers.GRU(4)),
                layers.Dense(3, activation="softmax"),
            ]
        ),
        "convolutional": convolutional,
        "two inputs": keras.Model(
            {"left": left, "right": right},
            {"score": layers.Dense(2, name="score")(joined), "left": layers.Dense(1, name="rest")(joined)},
        ),
        "attention": keras.Model(sequence, layers.Dense(2)(layers.GlobalAveragePooling1D()(attended))),
        "fully convolutional": keras.Sequential(
            [keras.Input((None, None, 3)), layers.Conv2D(4, 3, padding="same"), layers.Conv2D(2, 3, strides=2)]
        ),
        "gelu": keras.Sequential(
            [keras.Input((30,), name="cells"), layers.Dense(8, activation="gelu"), layers.Dense(1, activation="sigmoid")]
        ),
    }  # fmt: skip


@pytest.fixture(scope="session")
def vacuous_keras():
    """MobileNetV2 with random weights, which answers 0.1 for each of 10 classes, whatever it is shown."""
    import keras

    keras.utils.set_random_seed(0)
    return keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=10)


def feed_for(signature, rows, more=0):
    """Inputs of ``rows`` rows, every other free axis at a size of its own, ``more`` larger than usual."""
    random = np.random.default_rng(rows)
    feed = {}
    for spec in signature.inputs:
        usual = 16 if len(spec.shape) == 4 else 8
        shape = [
            dim if isinstance(dim, int) else rows if dim == "batch" else usual + more + 2 * axis
            for axis, dim in enumerate(spec.shape)
        ]
        values = random.standard_normal(shape) if spec.is_floating else random.integers(0, 6, shape)
        feed[spec.name] = values.astype(spec.dtype)
    return feed


def differences(original, converted, sizes=((1, 0), (2, 0), (5, 3), (257, 1), (0, 0))):
    """The largest difference between two sessions at each of some sizes, as a part of the output's scale (1 at least).

    Names, shapes and dtypes have to be equal.
    """
    found = []
    for rows, more in sizes:
        feed = feed_for(original.signature, rows, more)
        wanted, answers = original.run(feed), converted.run(feed)
        assert list(answers) == list(wanted)
        for name, array in wanted.items():
            assert answers[name].shape == array.shape, (name, rows, more)
            assert answers[name].dtype == array.dtype
        found.append(max(_difference(wanted[name], answers[name]) for name in wanted))
    return found


def _difference(wanted, found):
    wide = wanted.astype(np.float64)
    return float(np.abs(found.astype(np.float64) - wide).max(initial=0) / np.abs(wide).max(initial=1))


@pytest.fixture(scope="session")
def feeds():
    """Gives inputs for a signature."""
    return feed_for


@pytest.fixture(scope="session")
def compared():
    """Gives the differences between two sessions."""
    return differences


@pytest.fixture(scope="session")
def variants_of():
    """Gives the variants of a conversion by name, their example of 2 rows."""
    from mlpack.core.converter import Conversion

    def variants(converter, model, signature, opset=None):
        conversion = Conversion(model, signature, feed_for(signature, 2), opset)
        return {variant.name: variant for variant in converter.variants(conversion)}

    return variants
