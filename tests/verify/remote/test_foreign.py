"""A service that is none of ours is a candidate like any other: right, wrong, choosy, slow, or gone."""

import contextlib
import json
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest

import mlpack
from mlpack.core.errors import UsageError, WorkerError
from mlpack.verify.remote import http
from mlpack.verify.remote.address import address_of
from mlpack.verify.remote.session import open_session


@pytest.mark.parametrize("traits", [("binary",), (), ("binary", "small"), ("binary", "busy"), ("binary", "mute")])
def test_a_faithful_service_passes(traits, linear, packed, foreign):
    with foreign(*traits) as address:
        reference = packed if "mute" in traits else linear  # the name in the manifest is the first guess
        report = mlpack.verify(reference, address)
    assert report.verdict == "PASS", report.reason
    assert report.candidate.path == address
    assert report.candidate.versions == {"foreign": "1.0"}
    assert not report.not_tried
    assert report.rows > 300


def test_a_wrong_answer_fails_and_names_the_row(linear, foreign):
    with foreign("binary", "wrong") as address:
        report = mlpack.verify(linear, address)
    assert report.verdict == "FAIL"
    assert report.exit_code == 3
    assert "of row" in report.reason
    assert report.worst_input["feed"]["input"][0] > 0
    json.dumps(report.to_json(), allow_nan=False)


def test_what_a_service_may_refuse_binds_nobody(network, foreign_of):
    """The original answers NaN with NaN; the service takes finite numbers only."""
    with foreign_of(network, "binary", "strict") as address:
        report = mlpack.verify(network, address)
    assert report.verdict == "PASS", report.reason
    refused = [item for item in report.differences if "bind nobody" in item["message"]]
    assert {item["probe"].partition(" ")[0] for item in refused} >= {"NaN", "infinities"}
    spoiled = next(probe for probe in report.probes if probe.name.startswith("NaN in one column"))
    assert spoiled.verdict == "DIFFERS"
    assert spoiled.rows == 4  # the rows without NaN were asked again, and compared


def test_what_a_service_may_not_refuse_fails_and_names_the_row(linear, foreign):
    with foreign("binary", "picky") as address:
        report = mlpack.verify(linear, address)
    assert report.verdict == "FAIL"
    assert "the reference answers, the candidate refuses (row " in report.reason
    assert "HTTP 422: over 1" in report.reason
    assert report.worst_input["feed"]["input"][0] > 1


def test_a_service_that_ends_is_a_fail(linear, foreign):
    with foreign("binary", "gone") as address:
        report = mlpack.verify(linear, address)
    assert report.verdict == "FAIL"
    assert "broke off" in report.reason or "nothing answers" in report.reason


@pytest.mark.parametrize(
    ("trait", "says"),
    [
        ("broken", "sent a broken answer"),
        ("poor", "answers without the output"),
        ("ill", "failed: HTTP 502: out of order"),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_fail(trait, says, linear, foreign):
    with foreign("binary", trait) as address:
        report = mlpack.verify(linear, address)
    assert report.verdict == "FAIL"
    assert says in report.reason


def test_another_server_is_told(linear, tmp_path):
    command = [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with subprocess.Popen([*command[:1], "-u", *command[1:]], stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().partition("(")[2].partition("/)")[0]
            with pytest.raises(UsageError, match="no model that could be found"):
                mlpack.verify(linear, address)
        finally:
            process.kill()


def test_an_answer_without_an_end_is_given_up(monkeypatch):
    monkeypatch.setattr(http, "_MOST_ANSWER", 1000)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pour():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    connection.sendall(b"[" * 65536)

        pouring = threading.Thread(target=pour)
        pouring.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(WorkerError, match="answers with more than 1000 bytes"):
            http.HttpTransport(address_of(address), 10).models()
        pouring.join(10)
    assert not pouring.is_alive()


def test_a_service_that_hangs_is_given_up(foreign):
    with foreign("binary", "slow") as address:
        session = open_session(address_of(address), (), timeout=2.0)
        with session, pytest.raises(WorkerError, match="hung: no answer within 2 s"):
            session.run({"input": np.zeros((2, 6), np.float32)})


def test_a_service_that_wants_a_key(linear, foreign, monkeypatch):
    with foreign("binary", "key") as address:
        with pytest.raises(UsageError, match="without a key") as caught:
            mlpack.verify(linear, address)
        assert "MLPACK_API_KEY" in caught.value.hint
        monkeypatch.setenv("MLPACK_API_KEY", "wrong")
        with pytest.raises(UsageError, match="without a key"):
            mlpack.verify(linear, address)
        monkeypatch.setenv("MLPACK_API_KEY", "sesame")
        assert mlpack.verify(linear, f"{address}/v2/models/iris").verdict == "PASS"


def test_one_of_several_models_has_to_be_named(linear, foreign):
    with foreign("binary", "several") as address:
        with pytest.raises(UsageError, match="serves 2 models: other, iris") as caught:
            mlpack.verify(linear, address)
        assert f"{address}/v2/models/other" in caught.value.hint
        with pytest.raises(UsageError, match="no model 'ghost'"):
            mlpack.verify(linear, f"{address}/v2/models/ghost")


def test_a_model_that_cannot_be_found_has_to_be_named(linear, foreign):
    with (
        foreign("binary", "mute") as address,
        pytest.raises(UsageError, match="no model that could be found") as caught,
    ):
        mlpack.verify(linear, address)
    assert "/v2/models/NAME" in caught.value.hint


def test_the_command_takes_an_address(linear, foreign, capsys):
    from mlpack.cli.main import run

    with foreign("binary") as address, pytest.raises(SystemExit) as ended:
        run(["verify", str(linear), address, "--json"])
    assert ended.value.code in {0, None}
    document = json.loads(capsys.readouterr().out)
    assert document["data"]["candidate"]["path"] == address
    assert document["data"]["verdict"] == "PASS"
