import pytest

from mlpack.core.errors import ParityError
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.served import align_served

OUTPUTS = (TensorSpec("label", "int64", ("batch",)),)


def signature(**inputs):
    return Signature(tuple(TensorSpec(name, dtype, tuple(shape)) for name, (dtype, *shape) in inputs.items()), OUTPUTS)


def matrix(width, name="input"):
    return signature(**{name: ("float32", "batch", width)})


def columns(dtype="float32", *names):
    return signature(**dict.fromkeys(names, (dtype, "batch", 1)))


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        (matrix(4), matrix(4, "X")),
        (matrix(4), matrix("width")),
        (matrix(2), columns("float64", "age", "height")),
        (columns("float64", "age", "height"), matrix(2)),
        (columns("string", "age", "height"), columns("string", "height", "age")),
        (columns("float32", "age", "height"), columns("float32", "in_0", "in_1")),
        (signature(text=("string", "batch")), signature(text=("string", "batch", 1))),
        (signature(image=("float32", "batch", 28, 28, 1)), signature(image=("float32", "batch", "h", "w", 1))),
        (signature(x=("float32", 1, 3)), signature(x=("float32", 8, 3))),
    ],
)
def test_a_service_of_the_same_model_is_paired(reference, candidate):
    alignment = align_served(reference, candidate, "model.onnx")
    assert len(alignment.inputs) + len(alignment.splits) == len(candidate.inputs)


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        (matrix(30), matrix(4)),
        (matrix(30), signature(image=("float32", "batch", 28, 28, 1))),
        (matrix(30), columns("float32", "age", "height")),
        (columns("float32", "age", "height"), matrix(30)),
        (columns("float32", "age"), columns("string", "age")),
        (matrix(2), columns("string", "age", "height")),
        (columns("float32", "age", "height"), columns("float32", "height", "weight")),
    ],
)
def test_a_service_of_another_model_is_called_that_once(reference, candidate):
    with pytest.raises(ParityError, match=r"^the service has other inputs than churn.joblib: ") as caught:
        align_served(reference, candidate, "models/churn.joblib")
    assert str(candidate.inputs[0]) in caught.value.why
    assert str(reference.inputs[0]) in caught.value.why


def test_many_columns_are_counted_and_not_listed():
    with pytest.raises(ParityError) as caught:
        align_served(columns("float32", *[f"column_{number}" for number in range(30)]), matrix(4), "m")
    assert caught.value.why.endswith("column_2: float32[batch, 1] and 27 more")
