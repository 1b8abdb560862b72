"""Operators of ai.onnx.ml other than trees and support vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpack.converters.onnx_to_torchscript.program import Expression
from mlpack.converters.onnx_to_torchscript.registry import ML, operator

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
NO_STRINGS = "string labels have no TorchScript equivalent; encode the classes as integers before training"


def post_transform(call: Call) -> str:
    """The transform of scores."""
    name = call.text("post_transform", "NONE")
    if name not in TRANSFORMS:
        call.refuse(f"post_transform={name!r} is not implemented")
    return name


def class_labels(call: Call) -> np.ndarray:
    """Integer class labels; strings are refused."""
    if call.texts("classlabels_strings"):
        call.refuse(NO_STRINGS)
    call.ignore("classlabels_strings")
    name = "classlabels_ints" if call.has_attribute("classlabels_ints") else "classlabels_int64s"
    return np.array(call.integers(name), np.int64)


def _matrix(call: Call, name: str, rows: int) -> np.ndarray:
    return np.array(call.reals(name), np.float32).reshape(rows, -1)


@operator("LinearClassifier", domain=ML)
def linear_classifier(call: Call) -> Expression:
    """Labels and scores."""
    call.ignore("multi_class")  # ONNX Runtime does not read it
    labels, intercepts = class_labels(call), np.array(call.reals("intercepts"), np.float32)
    transform = post_transform(call)
    if intercepts.size == 0:
        call.refuse("intercepts are missing")
    if intercepts.size == 1 and (labels.size != 2 or transform == "PROBIT"):
        call.refuse("a single score for anything but two classes, or with PROBIT, is not implemented")
    coefficients = _matrix(call, "coefficients", intercepts.size)
    arrays = (("coefficients", coefficients), ("intercepts", intercepts), ("labels", labels))
    kept = ", ".join(call.buffer(name, array) for name, array in arrays)
    return Expression(f"ops_ml.linear_classifier({call.input(0)}, {kept}, {transform!r})", ("Tensor", "Tensor"))


@operator("LinearRegressor", domain=ML)
def linear_regressor(call: Call) -> str:
    """Targets."""
    if post_transform(call) != "NONE":
        call.refuse("post_transform is not implemented here")
    coefficients = call.buffer("coefficients", _matrix(call, "coefficients", call.integer("targets", 1)))
    intercepts = np.array(call.reals("intercepts"), np.float32)
    kept = call.buffer("intercepts", intercepts) if intercepts.size else "None"
    return f"ops_ml.linear({call.input(0)}, {coefficients}, {kept})"


@operator("Scaler", domain=ML)
def scaler(call: Call) -> str:
    """(x - offset) * scale."""
    offset = call.buffer("offset", np.array(call.reals("offset"), np.float32))
    scale = call.buffer("scale", np.array(call.reals("scale"), np.float32))
    return f"ops_ml.scaler({call.input(0)}, {offset}, {scale})"


@operator("Normalizer", domain=ML)
def normalizer(call: Call) -> str:
    """Divide each row by its norm."""
    norm = call.text("norm", "MAX")
    if norm not in ("MAX", "L1", "L2"):
        call.refuse(f"norm={norm!r} is not implemented")
    return f"ops_ml.normalizer({call.input(0)}, {norm!r})"


@operator("Binarizer", domain=ML)
def binarizer(call: Call) -> str:
    """One above the threshold, else zero."""
    x = call.input(0)
    return f"torch.gt({x}, {call.real('threshold')!r}).to({x}.dtype)"


@operator("Imputer", domain=ML)
def imputer(call: Call) -> str:
    """Replace a value by another, or by one per column."""
    if call.has_attribute("imputed_value_floats"):
        call.ignore("replaced_value_int64", "imputed_value_int64s")
        replaced = np.asarray(call.real("replaced_value_float"), np.float32)
        imputed = np.array(call.reals("imputed_value_floats"), np.float32)
    else:
        call.ignore("replaced_value_float")
        replaced = np.asarray(call.integer("replaced_value_int64"), np.int64)
        imputed = np.array(call.integers("imputed_value_int64s"), np.int64)
    kept = f"{call.buffer('replaced', replaced)}, {call.buffer('imputed', imputed)}"
    return f"ops_ml.imputer({call.input(0)}, {kept})"


@operator("OneHotEncoder", domain=ML)
def one_hot_encoder(call: Call) -> str:
    """One column per category."""
    if call.has_attribute("cats_strings"):
        call.refuse("string categories have no TorchScript equivalent; encode them as integers before training")
    categories = call.buffer("categories", np.array(call.integers("cats_int64s"), np.int64))
    return f"ops_ml.one_hot_encoder({call.input(0)}, {categories}, {call.flag('zeros', default=True)})"


@operator("LabelEncoder", domain=ML)
def label_encoder(call: Call) -> str:
    """Numbers to numbers."""
    strings = {"keys_strings", "values_strings", "classes_strings"}
    if any(call.has_attribute(name) for name in strings):
        call.refuse(NO_STRINGS)
    call.ignore("default_string")
    keys, values = _table(call, "keys"), _table(call, "values")
    default = _default(call, values)
    is_nan = np.isnan(keys) if keys.dtype.kind == "f" else np.zeros(len(keys), bool)
    of_nan = values[is_nan][0] if is_nan.any() else default
    keys, values = keys[~is_nan], values[~is_nan]
    if len(np.unique(keys)) < len(keys) or len(keys) == 0:
        call.refuse("repeated or no keys are not implemented")
    order = np.argsort(keys)
    arrays = (("keys", keys[order]), ("values", values[order]), ("default", default), ("of_nan", np.asarray(of_nan)))
    return f"ops_ml.label_encoder({call.input(0)}, {', '.join(call.buffer(name, array) for name, array in arrays)})"


def _table(call: Call, role: str) -> np.ndarray:
    if call.has_attribute(f"{role}_int64s"):
        return np.array(call.integers(f"{role}_int64s"), np.int64)
    if call.has_attribute(f"{role}_floats"):
        return np.array(call.reals(f"{role}_floats"), np.float32)
    array = call.tensor(f"{role}_tensor")
    if array is None:
        call.refuse(f"{role} are missing")
    return array.ravel()


def _default(call: Call, values: np.ndarray) -> np.ndarray:
    given = call.tensor("default_tensor")
    integer, real = call.integer("default_int64", -1), call.real("default_float", -0.0)
    if given is not None:
        return given.reshape(())
    return np.asarray(real if values.dtype.kind == "f" else integer, values.dtype)


@operator("ArrayFeatureExtractor", domain=ML)
def array_feature_extractor(call: Call) -> str:
    """Elements along the last axis."""
    return f"ops_ml.array_feature_extractor({call.input(0)}, {call.input(1)})"


@operator("FeatureVectorizer", domain=ML)
def feature_vectorizer(call: Call) -> str:
    """All inputs side by side."""
    call.ignore("inputdimensions")
    return f"ops_ml.feature_vectorizer([{', '.join(call.inputs())}])"


@operator("ZipMap", domain=ML)
def zip_map(call: Call) -> str:
    """A list of dictionaries."""
    call.refuse("a list of dictionaries is not a tensor; export with options={'zipmap': False}")


@operator("DictVectorizer", "CastMap", "CategoryMapper", domain=ML)
def dictionaries(call: Call) -> str:
    """Dictionaries or strings."""
    call.refuse("dictionaries and strings have no TorchScript equivalent")
