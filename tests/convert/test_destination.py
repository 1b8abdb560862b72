"""What is at the destination: a former conversion is replaced and named, anything else is kept unless it is forced."""

import json

import pytest

import mlpack
from mlpack.core.errors import OutputError, UsageError


def converted(model, output, **options):
    return mlpack.convert(model, output, budget=3, **options)


@pytest.mark.parametrize("name", ["m.onnx", "m.joblib"])
def test_a_former_conversion_is_replaced_and_named(logistic_pickle, forest_pipeline, tmp_path, name):
    """Whether the format has room for it or not: the second is told by the file beside it."""
    output = tmp_path / name
    assert converted(logistic_pickle, output).to_json()["replaced"] is None
    before = output.read_bytes()
    result = converted(forest_pipeline, output)
    assert result.replaced == "a former conversion of logistic.pkl"
    assert ("replaced", result.replaced) in next(block.pairs for block in result.view() if hasattr(block, "pairs"))
    assert output.read_bytes() != before


@pytest.mark.parametrize("name", ["m.joblib", "m.onnx", "rows.csv"])
def test_what_mlpack_did_not_write_is_kept_unless_it_is_forced(logistic_pickle, forest_pipeline, tmp_path, name):
    output, to = tmp_path / name, "onnx" if name.endswith("csv") else None
    output.write_bytes(forest_pipeline.read_bytes() if name == "m.joblib" else b"a,b\n1,2\n")
    before = output.read_bytes()
    with pytest.raises(UsageError, match="is there already") as caught:
        converted(logistic_pickle, output, to=to)
    assert "--force" in caught.value.hint
    assert output.read_bytes() == before
    result = converted(logistic_pickle, output, to=to, force=True)
    assert result.replaced == "a file that mlpack did not write"
    assert output.read_bytes() != before


def test_a_conversion_that_was_trained_on_is_no_conversion_any_more(logistic_pickle, cancer, tmp_path):
    import joblib

    output = tmp_path / "m.joblib"
    converted(logistic_pickle, output)
    joblib.dump(joblib.load(output).fit(cancer[0][:300], cancer[1][:300]), output)
    with pytest.raises(UsageError, match="is there already"):
        converted(logistic_pickle, output)


def test_an_empty_file_holds_nothing_to_lose(logistic_pickle, tmp_path):
    (tmp_path / "m.onnx").touch()
    assert converted(logistic_pickle, tmp_path / "m.onnx").replaced == ""


def test_a_file_beside_is_kept_too(logistic_pickle, tmp_path):
    own = tmp_path / "m.joblib.json"
    own.write_text(json.dumps({"mine": 1}))
    with pytest.raises(UsageError, match=r"m\.joblib\.json is there already"):
        converted(logistic_pickle, tmp_path / "m.joblib")
    assert [path.name for path in tmp_path.iterdir()] == [own.name]
    converted(logistic_pickle, tmp_path / "m.joblib", force=True)
    (tmp_path / "m.joblib").unlink()
    converted(logistic_pickle, tmp_path / "m.joblib")  # what is beside it says that mlpack wrote it


def test_a_link_is_never_replaced(logistic_pickle, tmp_path):
    (tmp_path / "m.onnx").symlink_to(logistic_pickle)
    with pytest.raises(OutputError, match="no regular file"):
        converted(logistic_pickle, tmp_path / "m.onnx", force=True)
