"""`mlpack scaffold` from a terminal."""

import json

import pytest
from scaffold.cases import LIST, bundle_of

from mlpack.cli.main import run
from mlpack.runtime.manifest import read_manifest
from mlpack.scaffold.requirements import Lock
from mlpack.scaffold.result import ScaffoldResult


@pytest.fixture
def bundle(tmp_path):
    """What is rendered needs its signature and its golden rows; its model is scanned, and not opened."""
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["input"], ["label"])], "g",
        [value("input", TensorProto.FLOAT, ["batch", 3])], [value("label", TensorProto.FLOAT, ["batch", 3])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bundle_of(LIST, tmp_path / "list.mlpack", model=model.SerializeToString()).folder


def scaffolded(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        run(["scaffold", *map(str, arguments)])
    output = capsys.readouterr()
    return ended.value.code, output.out, output.err


def test_it_says_what_to_type_next(bundle, tmp_path, capsys):
    code, out, _ = scaffolded(capsys, bundle, "-o", tmp_path / "service", "--no-lock")
    assert code == 0
    assert "python -m runtime" in out
    assert "no hashes: it was rendered without: --no-lock" in out


@pytest.mark.parametrize("hashed", [True, False])
def test_the_command_to_install_it_is_the_same_wherever_it_is_named(bundle, tmp_path, hashed):
    from mlpack.scaffold.project import project_files

    manifest = read_manifest(bundle)
    lock = Lock("# nothing\n", 0, "" if hashed else "no index")
    readme = project_files(manifest, lock)["README.md"].decode()
    result = ScaffoldResult(tmp_path, manifest, (), lock, {})
    told = ["$ pip install --require-hashes -r requirements.txt\n", "$ pip install -r requirements.txt\n"]
    assert [line in readme for line in told] == [hashed, not hashed]
    assert f" && {lock.install} && " in result._repr_html_().replace("&amp;", "&")
    assert f"$ {lock.install}\n" in readme
    assert result.to_json()["requirements"]["install"] == lock.install


def test_as_json(bundle, tmp_path, capsys):
    code, out, _ = scaffolded(capsys, bundle, "-o", tmp_path / "service", "--no-lock", "--json")
    document = json.loads(out)
    assert (code, document["command"], document["ok"]) == (0, "scaffold", True)
    data = document["data"]
    assert (data["path"], data["name"], data["version"]) == (str(tmp_path / "service"), "model", "1")
    service = tmp_path / "service"
    written = {path.relative_to(service).as_posix() for path in service.rglob("*") if path.is_file()}
    assert written == {*data["files"], ".scaffold.json"}
    assert data["requirements"]["packages"] > 10
    assert len(data["example"]["instances"][0]) == 3


@pytest.mark.parametrize("flags", [[], ["--force"]])
def test_a_folder_of_somebody_else_is_refused(bundle, tmp_path, capsys, flags):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").touch()
    code, _, err = scaffolded(capsys, bundle, "-o", tmp_path / "thesis", "--no-lock", *flags)
    assert code == 2
    assert "not empty, and no scaffold" in err
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["thesis.tex"]


def test_a_second_time_takes_force(bundle, tmp_path, capsys):
    arguments = (bundle, "-o", tmp_path / "service", "--no-lock")
    assert scaffolded(capsys, *arguments)[0] == 0
    code, _, err = scaffolded(capsys, *arguments)
    assert (code, "--force" in err) == (2, True)
    assert "none of its files was edited" in err
    code, out, _ = scaffolded(capsys, *arguments, "--force", "--json")
    assert (code, json.loads(out)["data"]["overwritten"]) == (0, [])


def test_what_was_edited_is_named_and_kept(bundle, tmp_path, capsys):
    arguments = (bundle, "-o", tmp_path / "service", "--no-lock")
    assert scaffolded(capsys, *arguments)[0] == 0
    app = tmp_path / "service" / "app.py"
    rendered = app.read_text()
    app.write_text("mine = 1\n")
    code, _, err = scaffolded(capsys, *arguments)
    assert (code, "edited since they were rendered: app.py" in err) == (2, True)
    assert app.read_text() == "mine = 1\n"
    code, out, _ = scaffolded(capsys, *arguments, "--force")
    assert (code, "app.py was edited: your version is in app.py.bak" in out) == (0, True)
    app.write_text("mine = 2\n")
    code, out, _ = scaffolded(capsys, *arguments, "--force", "--json")
    assert json.loads(out)["data"]["overwritten"] == [{"file": "app.py", "kept": "app.py.bak2"}]
    assert [(app.parent / name).read_text() for name in ("app.py", "app.py.bak", "app.py.bak2")] == [
        rendered, "mine = 1\n", "mine = 2\n",
    ]  # fmt: skip


def test_what_cannot_be(bundle, tmp_path, capsys):
    assert scaffolded(capsys, bundle)[0] == 2
    assert scaffolded(capsys, tmp_path / "nothing", "-o", tmp_path / "service")[0] == 2
    assert scaffolded(capsys, bundle, "-o", tmp_path / "no" / "service")[0] == 2
    code, _, err = scaffolded(capsys, bundle, "-o", tmp_path / "service", "--name", "x")
    assert (code, "for packing" in err) == (2, True)
    (bundle / "golden.npz").write_bytes(b"")
    assert scaffolded(capsys, bundle, "-o", tmp_path / "service")[0] == 7
    assert not (tmp_path / "service").exists()
