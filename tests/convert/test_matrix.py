import importlib.util

from mlpack.convert.matrix import MATRIX, conversion_matrix, missing_extras


def test_every_pair_of_the_five_is_there_and_every_refusal_has_its_reason():
    matrix = conversion_matrix()
    for source in MATRIX:
        for target in MATRIX:
            if source != target:
                edge = matrix.edge(source, target)
                assert edge.frameworks or edge.why
                assert set(edge.ready) <= set(edge.frameworks)


def test_the_edges_that_the_tool_exists_for():
    matrix = conversion_matrix()
    words = {
        (source, target): matrix.edge(source, target).word for source in MATRIX for target in MATRIX if source != target
    }
    assert (
        words["pickle", "onnx"]
        == words["joblib", "onnx"]
        == words["hdf5", "onnx"]
        == words["onnx", "torchscript"]
        == "yes"
    )
    assert words["pickle", "hdf5"] == "Keras"
    assert words["torchscript", "hdf5"] == "no"


def test_what_is_missing_is_named_by_its_extra(monkeypatch):
    assert missing_extras() == []
    found = importlib.util.find_spec
    absent = {"torch", "tensorflow", "tf2onnx", "keras"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in absent else found(name))
    assert missing_extras() == ["keras", "torch"]
    text = " ".join(getattr(block, "text", "") for block in conversion_matrix().view())
    assert 'pip install "mlpack-toolkit[keras,torch]"' in text
