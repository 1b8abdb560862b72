"""The whole comparison on real models: a scikit-learn estimator against ONNX graphs, sound and damaged."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LinearRegression, LogisticRegression

from mlpack.core.errors import DataError
from mlpack.graph.model import OnnxModel
from mlpack.isolate import Sandbox, Worker
from mlpack.isolate.local import LocalWorker
from mlpack.verify.parity import measure
from mlpack.verify.peer import Peer
from mlpack.verify.report import Party
from mlpack.verify.side import Side
from mlpack.verify.trial import Reference

PARTIES = (Party("reference", "object", "sklearn"), Party("candidate", "onnx", "onnx"))


_open: list[LocalWorker] = []


@pytest.fixture(autouse=True)
def closed():
    """Every peer that a test opened is closed behind it."""
    yield
    while _open:
        _open.pop().close()


def opened(model):
    _open.append(LocalWorker(Side()))
    peer = Peer(_open[-1])
    peer.adopt(model)
    return peer


def graph(nodes, weights, outputs, width=30, dtype=TensorProto.FLOAT):
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("input", dtype, ["batch", width])],
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in outputs],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return OnnxModel(graph=helper.make_model(made, opset_imports=[helper.make_opsetid("", 21)], ir_version=10))


def linear(coefficients, intercept):
    """A linear regression written by hand: MatMul and Add in float32."""
    nodes = [
        helper.make_node("MatMul", ["input", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["prediction"]),
    ]
    weights = {"w": np.float32(coefficients), "b": np.float32(intercept)}
    return graph(nodes, weights, [("prediction", TensorProto.FLOAT, ["batch"])], len(coefficients))


@pytest.fixture(scope="module")
def regression(cancer):
    from sklearn.preprocessing import StandardScaler

    features = StandardScaler().fit_transform(cancer[0])
    return LinearRegression().fit(features, cancer[0][:, 0])


def compare(model, candidate, data=None, **wishes):
    peer = opened(model)
    return measure(Reference(peer, peer.hints(), data), opened(candidate), PARTIES, **wishes)


def test_an_honest_translation_passes_and_says_what_it_rests_on(regression):
    report = compare(regression, linear(regression.coef_, regression.intercept_))
    assert report.verdict == "PASS"
    assert report.tolerance["prediction"]["decided_by"] == "dtype"
    assert report.rows > 1000
    assert {probe.rows for probe in report.probes if probe.kind == "batch"} == {0, 1, 2, 5, 257}
    assert report.exit_code == 0


def test_one_wrong_weight_fails_and_the_worst_input_is_named(regression):
    damaged = regression.coef_.copy()
    damaged[3] += 0.01
    report = compare(regression, linear(damaged, regression.intercept_))
    assert report.verdict == "FAIL"
    assert "prediction of row" in report.reason
    assert report.worst_input["probe"] == next(probe.name for probe in report.probes if probe.verdict == "FAIL")
    assert len(report.worst_input["feed"]["input"]) == 30
    assert report.exit_code == 3


def test_the_users_tolerance_replaces_the_derived_one(regression):
    damaged = regression.coef_.copy()
    damaged[3] += 3e-3
    candidate = linear(damaged, regression.intercept_)
    assert compare(regression, candidate).verdict == "FAIL"
    assert compare(regression, candidate, atol=1.0).verdict == "PASS"


def test_answers_that_do_not_depend_on_the_inputs_are_vacuous(cancer):
    constant = LinearRegression()
    constant.coef_, constant.intercept_, constant.n_features_in_ = np.zeros(30), 4.0, 30
    report = compare(constant, linear(constant.coef_, 4.0))
    assert report.verdict == "VACUOUS"
    assert "do not depend" in report.reason


def test_answers_that_are_all_nan_are_vacuous(regression):
    broken = LinearRegression()
    broken.coef_, broken.intercept_, broken.n_features_in_ = np.full(30, np.nan), np.nan, 30
    report = compare(broken, linear(broken.coef_, np.nan))
    assert report.verdict == "VACUOUS"


def test_nan_where_the_reference_has_numbers_fails(regression):
    assert compare(regression, linear(np.full(30, np.nan), 0.0)).verdict == "FAIL"


def test_a_missing_output_fails(cancer):
    model = LogisticRegression(max_iter=10_000).fit(*cancer)
    nodes = [
        helper.make_node("MatMul", ["input", "w"], ["product"]),
        helper.make_node("Sigmoid", ["product"], ["probabilities"]),
    ]
    candidate = graph(nodes, {"w": np.float32(model.coef_.T)}, [("probabilities", TensorProto.FLOAT, ["batch", 1])])
    report = compare(model, candidate)
    assert report.verdict == "FAIL"
    assert "no output label" in report.reason


def test_a_fixed_batch_size_is_found(regression):
    candidate = linear(regression.coef_, regression.intercept_)
    candidate.graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    report = compare(regression, candidate)
    assert report.verdict == "FAIL"
    assert "the candidate refuses" in report.reason


def test_a_threshold_only_float64_can_tell_is_the_casts_doing(cancer):
    """A reference that sits on float64 thresholds: what the cast alone does is told apart from conversion error."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(*cancer)
    proto = to_onnx(
        model, initial_types=[("input", FloatTensorType([None, 30]))], options={id(model): {"zipmap": False}}
    )
    report = compare(model, OnnxModel(graph=proto), {"input": cancer[0]})
    data = next(probe for probe in report.probes if probe.kind == "data")
    probabilities = next(output for output in data.outputs if output.name == "probabilities")
    assert probabilities.max_abs < 1e-6, "on float64 rows the float32 graph happens to agree"
    assert probabilities.conversion_abs > 0.01, "on the same rows cast to float32 it does not"
    assert report.verdict == "FAIL", "so rows that are float32 to begin with are answered wrongly"


def test_data_that_the_original_refuses_is_the_users_to_mend(regression):
    candidate = linear(regression.coef_, regression.intercept_)
    with pytest.raises(DataError, match="does not take this data"):
        compare(regression, candidate, {"input": np.full((3, 30), np.nan)})


def test_a_spent_budget_lists_what_was_not_tried(regression):
    report = compare(regression, linear(regression.coef_, regression.intercept_), budget=0.0)
    assert report.not_tried
    assert "budget" in report.not_tried[0][1]


def test_a_candidate_that_dies_fails_with_its_reason(regression, tmp_path):
    path = tmp_path / "m.onnx"
    onnx.save(linear(regression.coef_, regression.intercept_).graph, path)
    peer = opened(regression)
    with Worker("mlpack.verify.side:Side", name="candidate", sandbox=Sandbox(reads=(path,))) as worker:
        candidate = Peer(worker)
        candidate.open(path, "onnx")
        worker.kill()
        report = measure(Reference(peer, peer.hints()), candidate, PARTIES)
    assert report.verdict == "FAIL"
    assert "candidate was killed by SIGKILL" in report.reason


def test_the_report_is_json_and_has_a_view(regression):
    import json

    report = compare(regression, linear(regression.coef_, regression.intercept_))
    document = json.loads(json.dumps(report.to_json()))
    assert document["verdict"] == "PASS"
    assert report.view()[0].text.startswith("PASS")
    assert "PASS" in report._repr_html_()
