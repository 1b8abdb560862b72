"""ONNX to TorchScript: each ONNX node becomes one line of TorchScript source, compiled over the graph's weights."""
