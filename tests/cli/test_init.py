"""`mlpack init` from a terminal."""

import json

import pytest
from scaffold.cases import LIST, bundle_of

import mlpack
from mlpack.cli.main import run

KUBERNETES = ("kubernetes", "--image", "churn:1")


@pytest.fixture
def init(tmp_path, monkeypatch, capsys):
    """Calls the command in an empty folder: gives its code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            run(["init", *map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    return call


def files_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_without_a_kind_it_says_which_there_are(init):
    code, out, _ = init()
    assert code == 0
    assert all(kind in out for kind in ("kubernetes", "compose", "ci"))


@pytest.mark.parametrize(
    ("arguments", "written", "following"),
    [
        (KUBERNETES, "kubernetes/deployment.yaml", "kubectl apply -f kubernetes"),
        ((*KUBERNETES, "-o", "a b"), "a b/deployment.yaml", "kubectl apply -f 'a b'"),
        (("compose", "--image", "churn:1"), "compose.yaml", "docker compose -f compose.yaml up --detach --wait"),
        (("ci",), ".github/workflows/model.yml", "git add .github/workflows/model.yml"),
        (("ci", "--provider", "gitlab"), ".gitlab-ci.yml", "git add .gitlab-ci.yml"),
        (
            ("ci", "--model", "models/churn.joblib"),
            ".github/workflows/churn.yml",
            "git add .github/workflows/churn.yml",
        ),
    ],
)
def test_it_writes_and_says_what_to_type_next(init, tmp_path, arguments, written, following):
    code, out, err = init(*arguments)
    assert (code, err) == (0, "")
    assert written in files_below(tmp_path)
    assert f"next   {following}\n" in out
    document = json.loads(init(*arguments, "--force", "--json")[1])
    assert (document["command"], document["ok"], document["errors"]) == (f"init {arguments[0]}", True, [])
    data = document["data"]
    assert data.keys() == {"kind", "path", "name", "image", "files", "next"}
    assert (data["kind"], data["next"]) == (arguments[0], following)
    assert sorted(data["files"]) == files_below(tmp_path / data["path"])


def test_what_is_there_takes_force(init, tmp_path):
    assert init(*KUBERNETES)[0] == 0
    (tmp_path / "kubernetes" / "service.yaml").write_text("mine\n")
    (tmp_path / "kubernetes" / "deployment.yaml").unlink()
    code, out, err = init(*KUBERNETES, "--namespace", "risk")
    assert (code, out) == (2, "")
    assert "kubernetes/service.yaml, kubernetes/horizontalpodautoscaler.yaml" in err
    assert "deployment.yaml" not in err
    assert (tmp_path / "kubernetes" / "service.yaml").read_text() == "mine\n"
    assert init(*KUBERNETES, "--namespace", "risk", "--force")[0] == 0
    assert 'namespace: "risk"' in (tmp_path / "kubernetes" / "service.yaml").read_text()


def test_options_reach_the_files(init, tmp_path):
    options = ("--name", "My Model", "--namespace", "risk", "--replicas", "3", "--allow-from", "monitoring")
    assert init(*KUBERNETES, *options)[0] == 0
    text = "".join(path.read_text() for path in sorted((tmp_path / "kubernetes").glob("*.yaml")))
    for said in ('name: "my-model"', 'namespace: "risk"', "minReplicas: 3", 'metadata.name: "monitoring"'):
        assert said in text
    assert init("ci", "--data", "rows.csv", "--image", "registry.example.com/churn", "--name", "churn")[0] == 0
    text = (tmp_path / ".github" / "workflows" / "churn.yml").read_text()
    assert '--data=rows.csv -t "registry.example.com/churn:$GITHUB_SHA"' in text


@pytest.mark.parametrize("kind", ["kubernetes", "compose"])
def test_a_bundle_gives_names(init, tmp_path, kind):
    bundle = bundle_of(LIST, tmp_path / "bundle", name="Churn Model").folder
    data = json.loads(init(kind, "--model", bundle, "-o", "out", "--json")[1])["data"]
    assert (data["name"], data["image"]) == ("churn-model", "churn-model:1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("kubernetes",),
        ("kubernetes", "--image", "churn"),
        ("kubernetes", "--image", "Churn:1"),
        (*KUBERNETES, "--namespace", "Risk"),
        (*KUBERNETES, "--name", "模型"),
        (*KUBERNETES, "--replicas", "0"),
        (*KUBERNETES, "--model", "nothing.mlpack"),
        ("compose",),
        ("ci", "--provider", "jenkins"),
        ("ci", "--model", "/models/churn.joblib"),
        ("ci", "--image", "churn:1"),
    ],
)
def test_a_call_that_cannot_work_writes_nothing(init, tmp_path, arguments):
    code, out, err = init(*arguments)
    assert (code, out) == (2, "")
    assert "\nnext: " in err
    assert not list(tmp_path.iterdir())


def test_the_functions_do_the_same(init, tmp_path):
    assert init(*KUBERNETES)[0] == 0
    result = mlpack.init_kubernetes(tmp_path / "again", image="churn:1")
    assert files_below(tmp_path / "kubernetes") == files_below(tmp_path / "again") == sorted(result.files)
    assert repr(result) == f"<InitResult: {tmp_path / 'again'}: 6 files for churn:1, which runs as churn>"
    assert "<table" in result._repr_html_()
