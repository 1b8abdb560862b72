"""From a bundle to an image with a name: what is in it, how it can be locked down, and what keeps it from its name."""

import hashlib
import json
import shlex
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from engine.contents import contents, unchanged
from images.asking import await_ready, predicted, said, served

import mlpack
from mlpack.core.errors import SmokeTestError, UsageError
from mlpack.images.result import Kept
from mlpack.runtime.manifest import read_manifest
from mlpack.scaffold.project import example_of_bundle

HARDENED = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"], "user": "54321:12345"}
_MB = 1_000_000


@pytest.fixture(scope="module")
def rows(manifest):
    return example_of_bundle(manifest).request["instances"]


@pytest.fixture(scope="module")
def hardened(engine, built):
    with served(engine, built.tag, **HARDENED) as running:
        yield running


def test_it_says_what_was_built_and_how_it_was_proven(built, manifest):
    assert [replay.protocol for replay in built.replays] == ["REST", "gRPC"]
    assert all(replay.labels == 1.0 and replay.max_abs < 1e-5 and replay.rows == 16 for replay in built.replays)
    assert built.exit_code == 0
    document = built.to_json()
    assert document["parity"] == "PASS"
    assert document["source_sha256"] == manifest.document["source"]["sha256"]
    assert document["image"].startswith("sha256:")
    assert json.dumps(document)
    assert any(built.run_line in getattr(block, "text", "") for block in built.view())


def test_it_is_small(built):
    assert built.measured.over_base <= 190 * _MB
    assert built.measured.resident <= 150 * _MB


def test_what_stays_without_a_name_is_told(engine, built, bundle, official, wheelhouse):
    """The ends of the stages that install: the next build begins with them."""
    there = {one.id: one for one in engine.images.list(filters={"dangling": True})}
    assert built.kept.images
    assert set(built.kept.images) <= set(there)
    base = engine.images.get(official).attrs["Size"]
    assert built.kept.size == sum(there[one].attrs["Size"] - base for one in built.kept.images) > 50 * _MB
    assert built.to_json()["kept"] == {"images": list(built.kept.images), "size": built.kept.size}
    assert any("docker image prune" in getattr(block, "text", "") for block in built.view())
    again = mlpack.containerize(bundle, built.tag, base=official, wheels=wheelhouse)
    assert again.kept == built.kept
    nothing = replace(built, kept=Kept())
    assert not any("without a name" in getattr(block, "text", "") for block in nothing.view())


def test_its_labels_tell_where_it_comes_from(engine, built, manifest):
    image = engine.images.get(built.tag)
    assert image.id == built.image
    labels = image.labels
    assert labels["mlpack.source.sha256"] == manifest.document["source"]["sha256"]
    assert labels["mlpack.model.sha256"] == manifest.model_sha256
    assert labels["mlpack.parity"] == "PASS"
    assert labels["mlpack.version"] == mlpack.__version__
    assert labels["org.opencontainers.image.title"] == manifest.name
    assert labels["org.opencontainers.image.base.name"] == built.base
    assert dict(built.labels).items() <= labels.items()


def test_it_runs_as_nobody_in_particular(engine, built):
    assert engine.images.get(built.tag).attrs["Config"]["User"] == "10001:10001"


@pytest.mark.parametrize("name", HARDENED)
def test_each_restriction_alone(engine, built, rows, name):
    with served(engine, built.tag, **{name: HARDENED[name]}) as (_, address):
        assert len(predicted(address, rows)) == len(rows)


def test_all_restrictions_at_once(hardened, rows):
    container, address = hardened
    assert len(predicted(address, rows)) == len(rows)
    status = said(container, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == ["54321"] * 4
    assert fields["Gid"].split() == ["12345"] * 4
    assert {int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")} == {0}
    assert fields["NoNewPrivs"] == "1"


def test_it_writes_nothing(hardened):
    container, _ = hardened
    assert container.diff() in (None, [])
    assert (
        said(container, "python", "-c", "import os; print(os.access('/app', os.W_OK), os.access('/opt/venv', os.W_OK))")
        == "False False"
    )


def test_neither_pip_nor_compilers_nor_tests_of_libraries_are_in_it(hardened):
    container, _ = hardened
    code = """
import importlib.util, pathlib
names, endings = {"tests", "pip", "setuptools"}, {".whl", ".pyi", ".h", ".c", ".a"}
found = pathlib.Path("/opt/venv").rglob("*")
print([str(path) for path in found if path.name in names or path.suffix in endings])
print(importlib.util.find_spec("pip"), importlib.util.find_spec("sklearn"), importlib.util.find_spec("mlpack"))
print([str(path) for place in ("/root/.cache", "/build", "/wheels") for path in pathlib.Path(place).glob("*")])
"""
    assert said(container, "python", "-c", code, user="0").splitlines() == ["[]", "None None None", "[]"]


def test_what_it_imports_was_compiled_before(hardened):
    container, _ = hardened
    code = """
import sys
sys.path.insert(0, "/app")
import os; os.environ['ORT_DISABLE_TELEMETRY'] = '1'
import app, runtime.process.worker, runtime.rest.app, runtime.rpc.server, onnxruntime, fastapi, grpc
from pathlib import Path
from importlib.util import cache_from_source
files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
print([name for name in files if name.endswith(".py") and not Path(cache_from_source(name)).is_file()])
"""
    assert said(container, "python", "-c", code).splitlines()[-1] == "[]"


def test_its_health_check_turns_healthy(hardened):
    container, _ = hardened
    until = time.monotonic() + 60
    while time.monotonic() < until:
        container.reload()
        health = container.attrs["State"]["Health"]
        if health["Status"] != "starting":
            break
        time.sleep(0.2)
    assert health["Status"] == "healthy", health


def test_it_ends_in_order(engine, built):
    with served(engine, built.tag) as (container, _):
        container.stop(timeout=30)
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 0
    assert engine.images.get(built.tag).attrs["Config"]["StopSignal"] == "SIGTERM"


def test_the_line_to_type_works(built):
    words = shlex.split(built.run_line)
    port = next(word.split(":")[1] for word in words if word.endswith(":8080"))
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert b"ready" in await_ready(f"http://127.0.0.1:{port}", lambda: str(process.poll()))
        finally:
            process.terminate()
            process.communicate(timeout=60)


def test_the_same_again_comes_from_the_cache(engine, built, bundle, official, wheelhouse):
    with unchanged(engine, layers=True):
        again = mlpack.containerize(bundle, built.tag, base=official, wheels=wheelhouse)
    assert again.image == built.image
    assert (again.replaced, built.replaced) == ("", "")


def test_a_new_model_takes_the_requirements_from_the_cache(engine, built, cancer, official, wheelhouse, tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(*cancer)
    mlpack.pack(model, tmp_path / "cancer.mlpack", sample=cancer[0])
    engine.images.get(built.tag).tag("mlpack-test/cancer", "2")
    other = mlpack.containerize(tmp_path / "cancer.mlpack", "mlpack-test/cancer:2", base=official, wheels=wheelhouse)
    assert other.replaced == built.image
    assert any(f"was the name of {built.image}" in getattr(block, "text", "") for block in other.view())
    layers = [engine.images.get(one.tag).attrs["RootFS"]["Layers"] for one in (built, other)]
    own = len(layers[0]) - 2
    assert layers[0][:own] == layers[1][:own]
    assert layers[0][own] != layers[1][own]
    assert engine.images.get(built.tag).id == built.image


def test_the_model_lies_under_the_code_in_a_layer_of_its_own(engine, built, bundle):
    history = engine.images.get(built.tag).history()
    copies = [one for one in history if "COPY" in one["CreatedBy"]]  # the youngest first
    assert len(copies) == 3
    size = sum(path.stat().st_size for path in bundle.iterdir())
    assert copies[1]["Size"] == size


@pytest.mark.usefixtures("built")
def test_labels_and_arguments_of_the_user(engine, bundle, official, wheelhouse):
    value = 'a "quoted" $HOME \\ value'
    made = mlpack.containerize(
        bundle, "mlpack-test/labelled:1", base=official, wheels=wheelhouse, labels={"org.acme.team": value}
    )
    assert engine.images.get(made.tag).labels["org.acme.team"] == value
    assert engine.images.get(made.tag).labels["mlpack.parity"] == "PASS"


def tampered(bundle, folder, pack):
    """The bundle with the model of another one, and a manifest that says it is right."""
    shutil.copytree(bundle, folder)
    pack(folder.with_name("other.mlpack"))
    other = read_manifest(folder.with_name("other.mlpack"))
    path = read_manifest(folder).model_path
    shutil.copyfile(other.model_path, path)
    manifest = json.loads((folder / "mlpack.json").read_text())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest["model"]["sha256"] = digest
    for entry in manifest["files"]:
        if entry["path"] == path.name:
            entry["sha256"] = digest
    (folder / "mlpack.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def wrong(bundle, cancer, tmp_path):
    """A bundle whose model was replaced after it was packed: by one that learned the opposite."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(cancer[0], 1 - cancer[1])
    return tampered(bundle, tmp_path / "wrong.mlpack", lambda path: mlpack.pack(model, path, sample=cancer[0]))


@pytest.mark.usefixtures("built")
def test_a_model_that_was_replaced_after_packing_gets_no_name(engine, wrong, official, wheelhouse):
    with unchanged(engine, layers=True), pytest.raises(SmokeTestError) as caught:
        mlpack.containerize(wrong, "mlpack-test/wrong:1", base=official, wheels=wheelhouse)
    assert caught.value.exit_code == 9
    assert "the original model answered" in caught.value.why


@pytest.mark.usefixtures("built")
def test_whoever_stops_it_while_it_is_proven_leaves_nothing(engine, wrong, official, wheelhouse):
    def stop(doing):
        if "golden" in doing:
            raise KeyboardInterrupt

    with unchanged(engine, layers=True), pytest.raises(KeyboardInterrupt):
        mlpack.containerize(wrong, "mlpack-test/wrong:1", base=official, wheels=wheelhouse, tell=stop)


def test_a_name_that_is_none_is_told_before_anything_is_done(engine, bundle):
    before = contents(engine, layers=True)
    with pytest.raises(UsageError, match="no name of an image"):
        mlpack.containerize(bundle, "Not A Name", wheels=Path("/gone"))
    assert contents(engine, layers=True) == before


def test_the_figures_are_shown(built):
    text = "\n".join(str(block) for block in replace(built, pushed="sha256:1").view())
    for word in ("MB over the base", "ready after", "resident", "REST", "gRPC", "from the cache", "pushed"):
        assert word in text
