"""`mlpack scaffold` from a terminal."""

import json

import pytest
from scaffold.cases import LIST, bundle_of

from mlpack.cli.main import run


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
    assert scaffolded(capsys, *arguments, "--force")[0] == 0


def test_what_cannot_be(bundle, tmp_path, capsys):
    assert scaffolded(capsys, bundle)[0] == 2
    assert scaffolded(capsys, tmp_path / "nothing", "-o", tmp_path / "service")[0] == 2
    assert scaffolded(capsys, bundle, "-o", tmp_path / "no" / "service")[0] == 2
    code, _, err = scaffolded(capsys, bundle, "-o", tmp_path / "service", "--name", "x")
    assert (code, "for packing" in err) == (2, True)
    (bundle / "golden.npz").write_bytes(b"")
    assert scaffolded(capsys, bundle, "-o", tmp_path / "service")[0] == 7
    assert not (tmp_path / "service").exists()
