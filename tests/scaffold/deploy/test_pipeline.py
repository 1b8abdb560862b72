"""The pipelines: valid by their providers' schemas, and every command in them is run exactly as it is written."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from xml.etree import ElementTree as ET

import joblib
import pytest
import yaml
from scaffold.deploy.checking import check_schema
from scaffold.deploy.documents import below
from scaffold.deploy.running import PROVIDERS, SCHEMAS, run, steps_of, written

import mlpack
from mlpack.core.errors import CorruptFileError, UsageError
from mlpack.scaffold.deploy.pipeline import pipeline_of

MALICIOUS = b"\x80\x02cposix\nsystem\nX\x0b\x00\x00\x00touch owned\x85R."


@pytest.fixture(params=PROVIDERS)
def provider(request):
    return request.param


def before_the_image(path):
    steps = steps_of(path)
    assert steps[-1].name.lower() == "containerize"
    return steps[:-1]


NAMES = [
    "models/churn.joblib",
    "models/it's a: model #1.pkl",
    "-rf.onnx",
    'models/$(touch owned) `x` \\ "y".h5',
    "模型/model.pt",
]
DATA = "rows of: mine.csv"


def test_it_is_valid_and_its_commands_are_what_was_meant(tmp_path, provider):
    found = {model: written(tmp_path / str(number), provider, model, data=DATA) for number, model in enumerate(NAMES)}
    check_schema(SCHEMAS[provider], *found.values())
    for model, path in found.items():
        said = [line for step in steps_of(path) for line in step.script.splitlines()]
        assert set(pipeline_of(tmp_path, model, DATA, None, None).lines(provider).values()) <= set(said)


def test_the_check_would_see_a_key_that_is_none(repository, provider):
    path = written(repository, provider, NAMES[0])
    path.write_text(
        path.read_text()
        .replace("runs-on:", "run-on:")
        .replace("    script:", "    scripts:")
        .replace("  script:", "  scripts:")
    )
    with pytest.raises(AssertionError):
        check_schema(SCHEMAS[provider], path)


def test_rendered_twice_is_equal_byte_for_byte(tmp_path, provider):
    for name in ("a", "b"):
        mlpack.init_ci(tmp_path / name, provider=provider, model="models/churn.joblib")
    assert below(tmp_path / "a") == below(tmp_path / "b")
    assert len(below(tmp_path / "a")) == 1


@pytest.mark.parametrize("provider", ["gitlab"])
def test_a_model_that_is_onnx_already_is_packed(repository, provider, environment, logistic_pickle):
    mlpack.convert(logistic_pickle, repository / "models" / "churn.onnx")
    path = written(repository, provider, "models/churn.onnx")
    ended = run(before_the_image(path), repository, environment)
    assert ended.code == 0, ended.printed
    assert (repository / "build" / "churn.mlpack" / "mlpack.json").is_file()
    assert (repository / "reports" / "parity.xml").is_file()


def test_a_malicious_pickle_ends_it_at_the_scan_with_4(repository, provider, environment):
    """It was not there, or not yet malicious, when the pipeline was written."""
    path = written(repository, provider, "models/churn.pkl")
    (repository / "models" / "churn.pkl").write_bytes(MALICIOUS)
    ended = run(steps_of(path), repository, environment)
    assert (ended.step.lower(), ended.code) == ("scan", 4), ended.printed
    sarif = json.loads((repository / "reports" / "scan.sarif").read_text())
    assert [result["level"] for one in sarif["runs"] for result in one["results"]] == ["error"]
    assert sorted(os.listdir(repository / "reports")) == ["scan.sarif"]
    assert not list((repository / "build").iterdir())
    assert not (repository / "owned").exists()


@pytest.mark.parametrize("provider", ["github"])
def test_a_model_whose_conversion_proves_nothing_ends_it_with_3(repository, provider, environment, cancer):
    from sklearn.dummy import DummyClassifier

    joblib.dump(DummyClassifier(strategy="most_frequent").fit(*cancer), repository / "models" / "churn.joblib")
    ended = run(steps_of(written(repository, provider, "models/churn.joblib")), repository, environment)
    assert (ended.step.lower(), ended.code) == ("convert", 3), ended.printed
    assert not list((repository / "build").iterdir())


def test_a_model_that_was_trained_again_since_ends_it_at_verify_with_3(
    repository, provider, environment, logistic_pickle, cancer
):
    from sklearn.tree import DecisionTreeClassifier

    model = repository / "models" / "churn.pkl"
    shutil.copy(logistic_pickle, model)
    steps = steps_of(written(repository, provider, "models/churn.pkl"))
    verify = [step.name.lower() for step in steps].index("verify")
    converted = run(steps[:verify], repository, environment)
    assert converted.code == 0, converted.printed
    model.write_bytes(pickle.dumps(DecisionTreeClassifier(max_depth=1).fit(*cancer)))
    ended = run(steps[verify:], repository, environment)
    assert (ended.step.lower(), ended.code) == ("verify", 3), ended.printed
    (suite,) = ET.parse(repository / "reports" / "parity.xml").getroot().iter("testsuite")
    assert int(suite.attrib["failures"]) > 0


def test_reports_are_kept_where_the_commands_write_them(repository):
    github = yaml.safe_load(written(repository, "github", NAMES[0]).read_text())
    uses = {step["uses"].partition("@")[0]: step for step in github["jobs"]["model"]["steps"] if "uses" in step}
    assert uses["github/codeql-action/upload-sarif"]["with"]["sarif_file"] == "reports/scan.sarif"
    assert uses["actions/upload-artifact"]["with"]["path"] == "reports/"
    assert all("always()" in step["if"] for name, step in uses.items() if "upload" in name)
    gitlab = yaml.safe_load(written(repository, "gitlab", NAMES[0]).read_text())
    assert gitlab["scan"]["artifacts"] == {"when": "always", "paths": ["reports/scan.sarif"]}
    assert gitlab["verify"]["artifacts"]["reports"] == {"junit": "reports/parity.xml"}
    assert gitlab["convert"]["artifacts"]["paths"] == ["build/"]


@pytest.mark.parametrize(
    ("model", "extras"),
    [
        ("m.pkl", "sklearn"),
        ("m.joblib", "sklearn"),
        ("m.h5", "keras"),
        ("m.keras", "keras"),
        ("m.pt", "torch"),
        ("m.onnx", ""),
    ],
)
def test_what_is_installed_follows_from_the_ending(tmp_path, model, extras):
    assert pipeline_of(tmp_path, model, None, None, None).extras == tuple(filter(None, [extras, "serve", "grpc"]))


def test_what_the_repository_pins_is_installed_too(repository, environment):
    (repository / "requirements.txt").write_text("scikit-learn>=1\n")
    (step, *_) = steps_of(written(repository, "github", "models/m.joblib"))
    assert step.script.endswith(" pandas --requirement requirements.txt")
    ended = run([step], repository, environment)
    assert ended.code == 0, ended.printed


def test_what_is_installed_follows_from_the_file_that_is_there(tmp_path, cancer):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from xgboost import XGBClassifier

    joblib.dump(make_pipeline(StandardScaler(), XGBClassifier(n_estimators=2)).fit(*cancer), tmp_path / "m.bin")
    assert pipeline_of(tmp_path, "m.bin", None, None, None).extras == ("boost", "serve", "grpc")


@pytest.mark.parametrize(
    "path",
    ["", "/models/m.pkl", "../m.pkl", "a/../../m.pkl", "a\nb.pkl", "${{ secrets.X }}.pkl", "m.nonsense", "folder"],
)
def test_paths_that_cannot_be(tmp_path, path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError) as caught:
        pipeline_of(tmp_path, path, None, None, "name")
    assert caught.value.hint


def test_what_else_cannot_be(tmp_path):
    with pytest.raises(UsageError, match="tag already"):
        pipeline_of(tmp_path, "m.pkl", None, "churn:1", None)
    with pytest.raises(UsageError, match="no path in the repository"):
        pipeline_of(tmp_path, "m.pkl", "/rows.csv", None, None)
    (tmp_path / "m.pkl").write_bytes(b"")
    with pytest.raises(CorruptFileError):
        pipeline_of(tmp_path, "m.pkl", None, None, None)
