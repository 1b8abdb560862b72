"""The variables a worker starts with."""

import site
from pathlib import Path

import pytest

import mlpack
from mlpack.isolate.environment import is_secret, keras_settings, worker_environment


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.delenv("PYTHONUSERBASE", raising=False)
    return tmp_path


def test_a_sandboxed_worker_has_a_home_of_its_own(home):
    scratch = home / "scratch"
    variables = worker_environment(scratch, {}, sandboxed=True)
    own = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")
    assert {variables[name] for name in own} == {str(scratch)}
    assert variables["PYTHONUSERBASE"] == site.getuserbase()
    assert "KERAS_HOME" not in variables
    assert worker_environment(scratch, {}, sandboxed=False)["HOME"] == str(home)


def test_the_users_choice_of_a_backend_holds(home, monkeypatch):
    settings = home / ".keras" / "keras.json"
    settings.parent.mkdir()
    settings.write_text("{}")
    assert keras_settings() == settings
    assert worker_environment(home / "scratch", {}, sandboxed=True)["KERAS_HOME"] == str(settings.parent)
    monkeypatch.setenv("KERAS_HOME", str(home / "elsewhere"))
    assert keras_settings() == home / "elsewhere" / "keras.json"


def test_what_a_worker_is_given_goes_before_what_it_inherits(home, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert worker_environment(home, {"KERAS_BACKEND": "torch"}, sandboxed=True)["KERAS_BACKEND"] == "torch"


def test_python_finds_this_mlpack_and_what_it_found_before(home, monkeypatch):
    monkeypatch.chdir(home)
    monkeypatch.setenv("PYTHONPATH", "src::/opt/modules")
    entries = worker_environment(home, {}, sandboxed=True)["PYTHONPATH"].split(":")
    assert entries == [str(Path(mlpack.__file__).parent.parent), str(home / "src"), "/opt/modules"]


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "api_key", "DB_PASSWORD", "CLIENT_SECRET", "SENTRY_DSN", "MYSQL_PWD"])
def test_secrets_are_told_by_their_names(name):
    assert is_secret(name, "x")


@pytest.mark.parametrize(
    "name", ["PWD", "OLDPWD", "TOKENIZERS_PARALLELISM", "KEYBOARD", "AUTHOR", "PATH", "MONKEY_BARS"]
)
def test_plain_variables_are_not(name):
    assert not is_secret(name, "/usr/bin")
    assert not is_secret(name, "http://proxy:3128/a@b")
    assert is_secret(name, "http://me:word@proxy:3128")
