"""ONNX graphs: written node by node, brought into one form, read for what they know of their inputs."""
