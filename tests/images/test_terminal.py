"""`mlpack containerize` and `mlpack verify docker://` from a terminal: exit codes, what to do next, and what is left."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time

import pytest
from engine.contents import unchanged

SECONDS = 120


def command(*arguments):
    return [sys.executable, "-m", "mlpack", *map(str, arguments)]


def mlpack_ended(*arguments, **more):
    environment = {**os.environ, **{name: str(value) for name, value in more.items()}}
    return subprocess.run(command(*arguments), env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def building(bundle, official, wheelhouse, image_cache):
    """The arguments of a build that would go well."""
    return ["containerize", bundle, "-t", "mlpack-test/terminal:1", "--base", official, "--wheels", wheelhouse]


@pytest.fixture
def empty(tmp_path):
    """A folder for what is temporary, which has to be empty afterwards."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def hollow(engine):
    """An image with one file in it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("nothing"))
    engine.api.import_image_from_data(stream.getvalue(), repository="mlpack-test/hollow", tag="1")
    yield "mlpack-test/hollow:1"
    engine.images.remove("mlpack-test/hollow:1", force=True)


@pytest.mark.usefixtures("built")
def test_one_document_and_nothing_else(building):
    ended = mlpack_ended(*building, "--json")
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert (document["command"], document["ok"], document["errors"]) == ("containerize", True, [])
    assert document["data"]["tag"] == "mlpack-test/terminal:1"
    assert {replay["protocol"] for replay in document["data"]["golden"]} == {"REST", "gRPC"}
    assert ended.stderr == ""


@pytest.mark.usefixtures("built")
def test_the_last_line_is_what_to_type(building):
    ended = mlpack_ended(*building)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("PASS  mlpack-test/terminal:1: 16 golden rows")
    assert "docker run --rm --read-only" in ended.stdout
    assert mlpack_ended(*building, "-q").stdout.count("\n") == 1


def test_an_image_is_held_against_the_original(engine, built, logistic_pickle, tmp_path, empty):
    with unchanged(engine, layers=True):
        ended = mlpack_ended(
            "verify", logistic_pickle, f"docker://{built.tag}", "--report", tmp_path / "parity.json", TMPDIR=empty
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith("PASS")
    assert json.loads((tmp_path / "parity.json").read_text())["candidate"]["path"] == f"docker://{built.tag}"


def test_an_image_of_a_model_that_answers_otherwise_fails(engine, built, cancer, tmp_path):
    """What a test of the image by its own golden rows cannot see: they were tampered with as well."""
    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    joblib.dump(make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(*cancer), tmp_path / "other.joblib")
    with unchanged(engine, layers=True):
        ended = mlpack_ended("verify", tmp_path / "other.joblib", f"docker://{built.tag}")
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert ended.stdout.startswith("FAIL")


@pytest.mark.parametrize(("image", "code"), [("mlpack-test/gone:1", 8), ("No Name", 2)])
def test_an_image_that_cannot_be_had(engine, bundle, official, image, code):
    with unchanged(engine):
        ended = mlpack_ended("verify", bundle, f"docker://{image}")
    assert ended.returncode == code, ended.stderr
    assert "next: " in ended.stderr


def test_an_image_of_something_else_is_told(engine, bundle, official):
    with unchanged(engine):
        ended = mlpack_ended("verify", bundle, f"docker://{official}")
    assert ended.returncode == 9, ended.stderr
    assert "ended before it was ready" in ended.stderr


def begun(engine):
    """Wait until a step of a build is at work in a container."""
    until = time.monotonic() + SECONDS
    while not engine.api.containers():
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.5)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_stops_it_in_the_middle_of_a_build_leaves_nothing(engine, building, empty, number, code):
    with unchanged(engine, layers=True):
        environment = {**os.environ, "TMPDIR": str(empty)}
        with subprocess.Popen(
            command(*building, "--no-cache"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            begun(engine)
            process.send_signal(number)
            time.sleep(0.2)
            process.send_signal(number)  # of those who cannot wait: it does not cut the clearing up short
            stdout, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == code, stderr
    assert "interrupted" in stderr
    assert stdout == ""


@pytest.mark.usefixtures("image_cache")
def test_without_an_engine_it_says_so_and_still_renders(bundle, wheelhouse, tmp_path):
    gone = f"unix://{tmp_path}/gone.sock"
    refused = mlpack_ended("containerize", bundle, "-t", "a:1", DOCKER_HOST=gone)
    assert refused.returncode == 8
    assert "there is no container engine" in refused.stderr
    assert "--render-only" in refused.stderr
    rendered = [
        mlpack_ended(
            "containerize",
            bundle,
            "-t",
            "own/a:1",
            "--render-only",
            tmp_path / name,
            "--wheels",
            wheelhouse,
            DOCKER_HOST=gone,
        )
        for name in ("one", "two")
    ]
    assert [ended.returncode for ended in rendered] == [0, 0], rendered[0].stderr
    assert "docker build -t own/a:1 " in " ".join(rendered[0].stdout.split())
    trees = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "one", tmp_path / "two")
    ]
    assert trees[0] == trees[1]
    assert "--hash=sha256:" in (tmp_path / "one" / "requirements.txt").read_text()


@pytest.mark.usefixtures("built")
def test_what_was_rendered_is_built_without_mlpack(engine, bundle, official, wheelhouse, tmp_path):
    ended = mlpack_ended(
        "containerize", bundle, "--render-only", tmp_path / "own", "--wheels", wheelhouse, "--base", official
    )
    assert ended.returncode == 0, ended.stderr
    image, _ = engine.images.build(path=str(tmp_path / "own"), network_mode="none", rm=True)
    assert image.attrs["Config"]["Entrypoint"] == ["python", "-m", "runtime"]
    assert (tmp_path / "own" / "requirements.txt").is_file()


def refused(engine, code, *arguments, says, **more):
    with unchanged(engine, layers=True):
        ended = mlpack_ended(*arguments, **more)
    assert ended.returncode == code, ended.stderr
    assert says in ended.stderr
    assert "next: " in ended.stderr
    return ended


def test_a_base_without_python(engine, building, hollow, empty):
    refused(engine, 8, *building, "--base", hollow, says="has no Python", TMPDIR=empty)


def test_a_base_that_is_nowhere(engine, building, empty):
    refused(engine, 8, *building, "--base", "mlpack-test/gone:1", says="cannot be had", TMPDIR=empty)


def test_a_wheel_that_is_missing(engine, building, tmp_path, empty):
    (tmp_path / "wheels").mkdir()
    ended = refused(engine, 8, *building, "--wheels", tmp_path / "wheels", says="there is no wheel for", TMPDIR=empty)
    assert "pip download" in ended.stderr


@pytest.mark.parametrize("tag", ["Churn:1", "churn:", "docker://churn:1", "churn:1 2"])
def test_a_name_that_is_none(engine, bundle, tag):
    refused(engine, 2, "containerize", bundle, "-t", tag, says="no name of an image")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "needs a name"),
        (("-t", "a:1", "--label", "novalue"), "no NAME=VALUE"),
        (("-t", "a:1", "--build-arg", "=x"), "no NAME=VALUE"),
        (("-t", "a:1", "--base", "A B"), "no name of an image"),
        (("-t", "a:1", "--platform", "nonsense"), "one of linux/amd64, linux/arm64"),
        (("--render-only", "context", "--push"), "--push is for a build"),
        (("--render-only", "context", "--no-cache"), "--no-cache is for a build"),
        (("--render-only", "context", "--platform", "linux/arm64"), "--platform is for a build"),
    ],
)
def test_a_call_that_cannot_work(engine, bundle, arguments, says):
    refused(engine, 2, "containerize", bundle, *arguments, says=says)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("option", ["--label", "--build-arg"])
def test_a_name_of_a_label_or_an_argument_that_is_none(engine, building, option):
    refused(engine, 2, *building, option, "a b=c", says="is no name of")


@pytest.mark.usefixtures("built")
def test_it_is_pushed_and_can_be_had_from_there(engine, building, registry):
    tag = f"{registry}/team/cancer:1"
    ended = mlpack_ended(*building, "-t", tag, "--push", "--json")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)["data"]
    engine.images.remove(tag)
    pulled = engine.images.pull(f"{registry}/team/cancer@{told['pushed']}")
    assert pulled.id == told["image"]
    engine.images.remove(f"{registry}/team/cancer@{told['pushed']}")


@pytest.mark.usefixtures("built")
def test_a_registry_that_is_not_there(engine, building):
    ended = mlpack_ended(*building, "-t", "127.0.0.1:9/team/cancer:1", "--push")
    assert ended.returncode == 8, ended.stderr
    assert "is tagged here, and cannot be pushed" in ended.stderr
    assert "next: is 127.0.0.1:9, the first part of the name, a registry" in ended.stderr
    assert "docker push 127.0.0.1:9/team/cancer:1" in ended.stderr
    engine.images.remove("127.0.0.1:9/team/cancer:1")


@pytest.mark.usefixtures("built")
def test_a_base_from_a_registry_is_pinned_by_its_digest(engine, building, official, registry, manifest):
    name = f"{registry}/base"
    engine.images.get(official).tag(name, "1")
    engine.images.push(name, "1")
    ended = mlpack_ended(*building, "--base", f"{name}:1", "--json")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)["data"]
    place, _, digest = told["base"].partition("@")
    assert place == f"{name}:1"
    assert told["labels"]["org.opencontainers.image.base.digest"] == digest
    assert told["labels"]["org.opencontainers.image.base.name"] == place
    engine.images.remove(f"{name}:1")
