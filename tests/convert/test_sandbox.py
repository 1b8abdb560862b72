"""What a conversion says of the sandbox it ran in."""

import pytest

import mlpack
from mlpack.core.errors import MissingLibraryError


def test_a_model_at_hand_is_in_no_sandbox_but_its_copy_is(cancer, tmp_path):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=5000).fit(*cancer)
    unproven = mlpack.convert(model, tmp_path / "m.joblib", verify=False)
    assert unproven.to_json()["sandbox"]["state"] == "not-applicable"
    assert mlpack.convert(model, tmp_path / "n.joblib").to_json()["sandbox"]["state"] == "full"


def test_a_file_is_opened_in_one(logistic_pickle, tmp_path):
    result = mlpack.convert(logistic_pickle, tmp_path / "m.onnx", require_sandbox=True)
    assert result.sandbox.full
    assert result.report.sandbox.full
    assert not any("sandbox" in getattr(block, "text", "") for block in result.view())


def test_what_is_missing_stands_in_the_report_and_under_it(logistic_pickle, tmp_path, monkeypatch):
    (tmp_path / "landlockpy.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    lacking = mlpack.verify(logistic_pickle, logistic_pickle, budget=1.0)
    assert lacking.verdict == "PASS"
    assert lacking.sandbox.state == "partial"
    assert "landlockpy is not installed" in lacking.view()[-1].text
    with pytest.raises(MissingLibraryError, match="sandbox that is required"):
        mlpack.verify(logistic_pickle, logistic_pickle, require_sandbox=True)
