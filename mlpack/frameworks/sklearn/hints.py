"""placeholder"""
from __future__ import annotations
from typing import Any
from mlpack.core.framework import InputHints
from mlpack.runtime.signature import Signature

def input_hints(model: Any, signature: Signature) -> InputHints:
    return InputHints()
