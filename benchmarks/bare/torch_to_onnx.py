"""What a user writes without mlpack: load, convert, save."""

import sys

import numpy as np
import torch

model = torch.load(sys.argv[1], weights_only=False).eval()
rows = torch.from_numpy(np.load("digits_first.npy")[:2])
batch = torch.export.Dim("batch")
torch.onnx.export(model, (rows,), sys.argv[2], dynamo=True, dynamic_shapes=({0: batch},))
