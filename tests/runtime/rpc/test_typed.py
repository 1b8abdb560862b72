from __future__ import annotations

import grpc
import numpy as np
import pytest

CODE = grpc.StatusCode
FIELDS = ("sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm", "petal_size")


def instance_of(row):
    return dict(zip(FIELDS, row.tolist(), strict=True))


def refusal(served, request):
    with pytest.raises(grpc.RpcError) as refused:
        served.predict(request)
    return refused.value.code(), refused.value.details()


def test_records_have_the_columns_names_and_the_estimators_answers(flower_service, flowers, flower_model):
    rows, _ = flowers
    request = flower_service.messages.PredictRequest(instances=[instance_of(row) for _, row in rows.iterrows()])
    found = flower_service.predict(request).predictions
    assert [one.label for one in found] == flower_model.predict(rows).tolist()
    expected = flower_model.predict_proba(rows)
    told = [[one.probabilities[name] for name in flower_model.classes_] for one in found]
    assert np.abs(np.array(told) - expected).max() < 1e-5


def test_columns_keep_their_names_in_json(flower_service):
    from google.protobuf.json_format import Parse

    text = """{"instances": [{"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4,
                              "petal width (cm)": 0.2, "petal size": "small"}]}"""
    (found,) = flower_service.predict(Parse(text, flower_service.messages.PredictRequest())).predictions
    assert found.label == "setosa"


def test_a_zero_is_present_and_an_absent_field_is_named(flower_service, flowers):
    whole = instance_of(flowers[0].iloc[0])
    request = flower_service.messages.PredictRequest(instances=[whole, {**whole, "petal_width_cm": 0.0}])
    assert len(flower_service.predict(request).predictions) == 2
    request.instances[1].ClearField("petal_width_cm")
    code, details = refusal(flower_service, request)
    assert code is CODE.INVALID_ARGUMENT
    assert details == "instances[1]: the field 'petal width (cm)' is missing"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_the_model_does_not_take_is_named(flower_service, flowers, value):
    instance = {**instance_of(flowers[0].iloc[0]), "sepal_width_cm": value}
    request = flower_service.messages.PredictRequest(instances=[instance_of(flowers[0].iloc[1]), instance])
    code, details = refusal(flower_service, request)
    assert code is CODE.INVALID_ARGUMENT
    assert details.startswith('instances[1]["sepal width (cm)"]: ')


def test_a_category_that_the_model_does_not_take_is_named(flower_service, flowers):
    instance = {**instance_of(flowers[0].iloc[0]), "petal_size": "huge"}
    code, details = refusal(flower_service, flower_service.messages.PredictRequest(instances=[instance]))
    assert code is CODE.INVALID_ARGUMENT
    assert details.startswith('instances[0]["petal size"]: ')
    assert "large" in details


def test_fields_of_another_model_are_refused(flower_service, flowers):
    request = flower_service.messages.PredictRequest(instances=[instance_of(flowers[0].iloc[0])])
    more = request.SerializeToString() + b"\xfa\x01\x03abc"  # field 31, which there is not
    code, details = refusal(flower_service, more)
    assert code is CODE.INVALID_ARGUMENT
    assert "PredictRequest does not have" in details


def test_lists_have_the_estimators_answers(logistic, logistic_pickle, cancer):
    import pickle

    model = pickle.loads(logistic_pickle.read_bytes())
    request = logistic.messages.PredictRequest(instances=[{"values": row.tolist()} for row in cancer[0][:200]])
    found = logistic.predict(request).predictions
    assert [one.label for one in found] == model.predict(cancer[0][:200]).tolist()
    told = [[one.probabilities["0"], one.probabilities["1"]] for one in found]
    assert np.abs(np.array(told) - model.predict_proba(cancer[0][:200])).max() < 1e-5


def test_a_label_that_is_zero_or_false_is_seen_in_what_is_printed(logistic, logistic_pickle, cancer, texts):
    import pickle

    labels = pickle.loads(logistic_pickle.read_bytes()).predict(cancer[0][:40]).tolist()
    assert {0, 1} == set(labels)
    request = logistic.messages.PredictRequest(instances=[{"values": row.tolist()} for row in cancer[0][:40]])
    printed = [str(one).splitlines()[0] for one in logistic.predict(request).predictions]
    assert printed == [f"label: {label}" for label in labels]
    served, _, lines = texts
    assert "label: false" in str(served.predict(served.messages.PredictRequest(instances=lines)))


def test_a_number_beyond_the_models_dtype_is_named(logistic):
    request = logistic.messages.PredictRequest(instances=[{"values": [0.0] * 3 + [1e300] + [0.0] * 26}])
    code, details = refusal(logistic, request)
    assert code is CODE.INVALID_ARGUMENT
    assert details.startswith("instances[0][3]: ")


@pytest.mark.parametrize("width", [0, 29, 31])
def test_a_list_of_another_width_is_named(logistic, width):
    request = logistic.messages.PredictRequest(instances=[{"values": [0.0] * 30}, {"values": [0.0] * width}])
    code, details = refusal(logistic, request)
    assert code is CODE.INVALID_ARGUMENT
    assert details == f"instances[1]: {width} values, and the model takes 30"


def test_no_instances_have_no_predictions(logistic):
    assert not logistic.predict(logistic.messages.PredictRequest()).predictions


@pytest.fixture(scope="module")
def texts(serve, pack_model):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    lines = ["good very good", "a fine day", "quite fine", "very bad", "a bad day", "so bad and so sad"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(lines, [True, True, True, False, False, False])
    with serve(pack_model(model, "rpc-texts")) as served:
        yield served, model, lines


def test_values_are_instances_as_they_stand(texts):
    served, model, lines = texts
    found = served.predict(served.messages.PredictRequest(instances=lines)).predictions
    assert [bool(one.label) for one in found] == model.predict(lines).tolist()


@pytest.fixture(scope="module")
def diabetes(serve, pack_model):
    from sklearn.datasets import load_diabetes
    from sklearn.ensemble import HistGradientBoostingRegressor

    data = load_diabetes(as_frame=True)
    rows = data.data.copy()
    rows.loc[::7, "bmi"] = np.nan
    model = HistGradientBoostingRegressor(max_iter=20).fit(rows, data.target)
    with serve(pack_model(model, "rpc-diabetes")) as served:
        yield served, model, rows


def test_a_regressor_answers_numbers_and_takes_what_may_be_missing(diabetes):
    served, model, rows = diabetes
    instances = []
    for _, row in rows.head(20).iterrows():
        instances.append({name: value for name, value in row.items() if not np.isnan(value)})
    found = served.predict(served.messages.PredictRequest(instances=instances)).predictions
    told = np.array([one.prediction for one in found]).reshape(-1)
    assert np.abs(told - model.predict(rows.head(20))).max() < 1e-3
    whole = [{name: value for name, value in row.items()} for _, row in rows.head(20).iterrows()]  # noqa: C416
    again = served.predict(served.messages.PredictRequest(instances=whole)).predictions
    assert [str(one) for one in again] == [str(one) for one in found]  # NaN is missing too


@pytest.fixture(scope="module")
def picture(shelf, serve):
    """A graph with an image and a weight, that answers an image and a number."""
    import onnx
    from onnx import TensorProto, helper

    import mlpack

    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["image", "weight"], ["scaled"]),
            helper.make_node("ReduceSum", ["scaled", "axes"], ["total"], keepdims=0),
        ],
        "picture",
        [
            helper.make_tensor_value_info("image", floats, ["batch", 4, 3]),
            helper.make_tensor_value_info("weight", floats, ["batch", 1, 1]),
        ],
        [
            helper.make_tensor_value_info("scaled", floats, ["batch", 4, 3]),
            helper.make_tensor_value_info("total", floats, ["batch"]),
        ],
        [helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    file, bundle = shelf / "picture.onnx", shelf / "rpc-picture.mlpack"
    onnx.save(model, file)
    mlpack.pack(file, bundle)
    with serve(bundle) as served:
        yield served


def tensor(array):
    return {"shape": array.shape, "values": array.ravel().tolist()}


def test_tensors_come_whole_and_are_answered_row_by_row(picture):
    image = np.random.default_rng(0).random((5, 4, 3), dtype=np.float32)
    weight = np.arange(5, dtype=np.float32).reshape(5, 1, 1)
    request = picture.messages.PredictRequest(image=tensor(image), weight=tensor(weight))
    found = picture.predict(request).predictions
    assert len(found) == 5
    for row, one in enumerate(found):
        assert list(one.scaled.shape) == [4, 3]
        assert np.array_equal(np.array(one.scaled.values, np.float32).reshape(4, 3), image[row] * weight[row])
        assert one.total == pytest.approx((image[row] * weight[row]).sum(), rel=1e-5)


@pytest.mark.parametrize(
    ("shape", "values", "reason"),
    [
        ([1, 4, 3], [0.0] * 11, "has 11 values, and 12 go into [1, 4, 3]"),
        ([1, 3, 4], [0.0] * 12, "[1, 3, 4], and the model takes [batch, 4, 3]"),
        ([2, 4, 3], [0.0] * 24, "and here batch is"),
        ([1, 4, -3], [], "has a shape that no array has"),
        ([1, 4, 3], [0.0] * 11 + [float("nan")], "image[0][3][2]: "),
    ],
)
def test_a_tensor_that_the_model_does_not_take_is_named(picture, shape, values, reason):
    request = picture.messages.PredictRequest(
        image={"shape": shape, "values": values}, weight={"shape": [1, 1, 1], "values": [1.0]}
    )
    code, details = refusal(picture, request)
    assert code is CODE.INVALID_ARGUMENT
    assert reason in details


def test_a_tensor_that_is_missing_is_named(picture):
    request = picture.messages.PredictRequest(image={"shape": [1, 4, 3], "values": [0.0] * 12})
    assert refusal(picture, request)[1] == "the input 'weight' is missing"
