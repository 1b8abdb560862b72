"""Batch runs against what one would write by hand: pandas, bare ONNX Runtime, pyarrow without a model."""
