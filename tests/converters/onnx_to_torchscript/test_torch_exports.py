"""Models that torch exports itself, through both of its exporters, come back as TorchScript with the same answers."""

import io

import numpy as np
import onnx
import pytest
import torch
from torch import nn

# torch takes no empty batch through a recurrent layer, and the classic exporter writes Reshape targets for attention in
# which a computed 0 means "keep this size", so that its own model fails on one.
EMPTY_BATCH = {("mlp", "dynamo"), ("mlp", "classic"), ("cnn", "dynamo"), ("cnn", "classic"), ("transformer", "dynamo")}
BATCHES = (1, 2, 5, 257)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(6, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 8), nn.SiLU(), nn.Linear(8, 3), nn.Softmax(-1)
        )

    def forward(self, x):
        return self.layers(x)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding="same", groups=4),
            nn.GroupNorm(2, 8),
            nn.Hardswish(),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.ConvTranspose2d(8, 4, 3, stride=2, output_padding=1),
            nn.AdaptiveAvgPool2d(1),
        )
        self.head = nn.Linear(4, 5)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.net = getattr(nn, kind)(5, 7, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(14, 2)

    def forward(self, x):
        y, _ = self.net(x)
        return self.head(y[:, -1]), y


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 16)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, dropout=0.1)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 4)

    def forward(self, tokens):
        return self.head(self.encoder(self.embed(tokens)).mean(1))


def floats(*shape):
    return lambda batch: np.random.default_rng(batch).standard_normal((batch, *shape)).astype(np.float32)


def tokens(length):
    return lambda batch: np.random.default_rng(batch).integers(0, 20, (batch, length))


MODELS = {
    "mlp": (Mlp, floats(6)),
    "cnn": (Cnn, floats(3, 16, 16)),
    "lstm": (lambda: Recurrent("LSTM"), floats(9, 5)),
    "gru": (lambda: Recurrent("GRU"), floats(9, 5)),
    "rnn": (lambda: Recurrent("RNN"), floats(9, 5)),
    "transformer": (Transformer, tokens(6)),
}


def exported(net, example, dynamo):
    """The ONNX model of a module, its batch axis dynamic; the example has two rows, so that one is not baked in."""
    buffer = io.BytesIO()
    if dynamo:
        dim = torch.export.Dim("batch", min=1, max=4096)
        torch.onnx.export(net, (example,), dynamo=True, dynamic_shapes=({0: dim},), verbose=False).save(buffer)
    else:
        torch.onnx.export(net, (example,), buffer, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "batch"}})
    return onnx.load_from_string(buffer.getvalue())


@pytest.mark.parametrize("exporter", ["dynamo", "classic"])
@pytest.mark.parametrize("name", MODELS)
def test_exported_model_agrees_at_every_batch_size(name, exporter, assert_agrees):
    torch.manual_seed(0)
    build, feed = MODELS[name]
    net = build().eval()
    model = exported(net, torch.from_numpy(feed(2)), exporter == "dynamo")
    input_name = model.graph.input[0].name
    module = assert_agrees(model, [{input_name: feed(batch)} for batch in BATCHES])
    for batch in (5, 0) if (name, exporter) in EMPTY_BATCH else (5,):
        with torch.inference_mode():
            expected, got = net(torch.from_numpy(feed(batch))), module(torch.from_numpy(feed(batch)))
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def test_sequence_length_stays_dynamic(assert_agrees):
    torch.manual_seed(0)
    net = Transformer().eval()
    buffer = io.BytesIO()
    shapes = ({0: torch.export.Dim("batch", min=1, max=64), 1: torch.export.Dim("length", min=2, max=64)},)
    example = torch.from_numpy(tokens(6)(2))
    torch.onnx.export(net, (example,), dynamo=True, dynamic_shapes=shapes, verbose=False).save(buffer)
    model = onnx.load_from_string(buffer.getvalue())
    name = model.graph.input[0].name
    assert_agrees(model, [{name: tokens(length)(batch)} for batch, length in ((1, 3), (2, 6), (5, 11), (3, 40))])


def test_weights_are_in_the_state_dict():
    from mlpack.converters.onnx_to_torchscript.graph import to_torchscript

    net = Mlp().eval()
    module = to_torchscript(exported(net, torch.zeros(2, 6), True))
    total = sum(tensor.numel() for tensor in module.state_dict().values() if tensor.is_floating_point())
    assert total >= sum(parameter.numel() for parameter in net.parameters())
