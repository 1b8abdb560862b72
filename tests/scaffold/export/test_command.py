"""`mlpack scaffold --export`."""

import json

import pytest
from scaffold.export.bundles import identity

import mlpack
from mlpack.cli.main import run
from mlpack.core.errors import CorruptFileError, UsageError
from mlpack.scaffold.export.command import export_files

FILES = {
    "triton": {"model/config.pbtxt", "model/1/model.onnx"},
    "mlserver": {"model/model-settings.json", "model/model.onnx", "model/onnx_model.py", "requirements.txt"},
    "kserve": {"inference-service.yaml", "models/model/config.pbtxt", "models/model/1/model.onnx"},
}


@pytest.fixture
def bundle(tmp_path):
    return identity([("x", "float32", ("batch", 3))], tmp_path / "model.mlpack").folder


def exported(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        run(["scaffold", *map(str, arguments)])
    output = capsys.readouterr()
    return ended.value.code, output.out, output.err


@pytest.mark.parametrize("server", FILES)
def test_the_tree(bundle, tmp_path, capsys, server):
    code, out, _ = exported(capsys, bundle, "-o", tmp_path / "out", "--export", server, "--json")
    data = json.loads(out)["data"]
    assert (code, data["export"], data["name"]) == (0, server, "model")
    assert set(data["files"]) == {*FILES[server], "README.md", "example.json"}
    there = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert there == {*data["files"], ".scaffold.json"}


@pytest.mark.parametrize("server", FILES)
def test_it_says_how_to_start_and_how_to_prove(bundle, tmp_path, capsys, server):
    code, out, _ = exported(capsys, bundle, "-o", tmp_path / "out", "--export", server)
    assert code == 0
    assert {"triton": "tritonserver", "mlserver": "mlserver start", "kserve": "kubectl apply"}[server] in out
    assert "mlpack verify MODEL http" in out


@pytest.mark.parametrize("server", FILES)
def test_twice_is_equal(bundle, server):
    manifest = mlpack.inspect(bundle).manifest
    assert export_files(manifest, server) == export_files(manifest, server)


def test_a_second_time_takes_force(bundle, tmp_path, capsys):
    arguments = (bundle, "-o", tmp_path / "out", "--export", "triton")
    assert exported(capsys, *arguments)[0] == 0
    assert exported(capsys, *arguments)[0] == 2
    (tmp_path / "out" / "model" / "config.pbtxt").write_text("mine")
    code, out, _ = exported(capsys, *arguments, "--force", "--json")
    assert code == 0
    assert [one["file"] for one in json.loads(out)["data"]["overwritten"]] == ["model/config.pbtxt"]


def test_another_server(bundle, tmp_path, capsys):
    assert exported(capsys, bundle, "-o", tmp_path / "out", "--export", "torchserve")[0] == 2
    with pytest.raises(UsageError, match="no export to"):
        mlpack.scaffold(bundle, tmp_path / "out", export="torchserve")
    with pytest.raises(UsageError, match="is no bundle"):
        mlpack.scaffold(object(), tmp_path / "out", export="triton")


def test_an_address_is_for_kserve(bundle, tmp_path, capsys):
    for flags in (["--export", "triton"], []):
        code, _, err = exported(capsys, bundle, "-o", tmp_path / "out", *flags, "--storage-uri", "s3://x/y")
        assert (code, "KServe" in err) == (2, True)


@pytest.mark.parametrize("name", ["../x", "/x", "..", "", "a/b", "-x", "x\n"])
def test_a_bundle_whose_name_leads_elsewhere_is_refused(tmp_path, name):
    manifest = identity([("x", "float32", ("batch", 3))], tmp_path / "model.mlpack", name)
    for server in FILES:
        with pytest.raises(CorruptFileError, match="name"):
            export_files(manifest, server)
