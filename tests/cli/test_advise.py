"""`mlpack advise` from a terminal, from a pipe and from a script."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlpack.cli.main import run

COMMAND = [sys.executable, "-m", "mlpack", "advise"]


@pytest.fixture
def advise(capsys):
    """Calls the command: its code, and what it printed."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            run(["advise", *map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    return call


def data_of(advise, *arguments):
    code, out, err = advise(*arguments, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert (document["command"], document["ok"], document["exit_code"], document["errors"]) == ("advise", True, 0, [])
    return document["data"]


def test_the_recommendation_comes_first_and_the_commands_last(advise):
    code, out, err = advise("--latency-ms", 20, "--audience", "public")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "your model: serve it, over REST"
    assert [line.split()[0] for line in lines[2:7]] == ["Protocol", "Mode", "Format", "Replicas", "Hardware"]
    assert out.index("Why") < out.index("Assumed") < out.index("Sources") < out.index("To do so:")
    assert lines[-2].startswith("  mlpack init kubernetes")
    assert "audience" not in out.partition("Assumed")[2].partition("Sources")[0]


def test_quiet_is_one_line(advise):
    assert advise("-q")[1] == "your model: serve it, over REST\n"


def test_the_document(advise):
    data = data_of(advise, "--rows-per-day", 50_000_000, "--languages", "go,java", "--streaming", "--no-images")
    assert set(data) == {
        *(
            "model",
            "recommendation",
            "decisions",
            "notes",
            "contradictions",
            "answers",
            "assumed",
            "measured",
            "figures",
        ),
        "commands",
    }
    assert data["answers"]["languages"] == ["go", "java"]
    assert data["answers"]["streaming"] is True
    assert not {"rows_per_day", "languages", "streaming", "images"} & set(data["assumed"])
    assert {"audience", "latency_ms", "clients", "price_per_hour"} <= set(data["assumed"])
    assert data["decisions"]["protocol"]["choice"] == "grpc"
    assert data["decisions"]["protocol"]["reasons"][0]["source"].startswith("https://")
    assert data["measured"] is None
    assert all(command["command"].startswith("mlpack ") for command in data["commands"])


@pytest.mark.parametrize(
    ("arguments", "topic", "choice"),
    [
        (("--latency-ms", 0), "mode", "batch"),
        (("--bulk-rows", 10), "mode", "both"),
        (("--languages", "browser"), "protocol", "rest"),
        (("--images",), "protocol", "grpc"),
        (("--rows-per-request", 500), "protocol", "grpc"),
        (("--clients", 1), "place", "compose"),
        (("--peak-factor", 9, "--processors", 8, "--price-per-hour", 2), "place", "kubernetes"),
    ],
)
def test_every_option_reaches_the_rules(advise, arguments, topic, choice):
    assert data_of(advise, *arguments)["decisions"][topic]["choice"] == choice


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--audience", "martians"), 2),
        (("--clients", "0"), 2),
        (("--languages", "python,klingon"), 2),
        (("--latency-ms", "soon"), 2),
        (("nothing.joblib",), 2),
        (("--name", "x"), 2),
    ],
)
def test_a_call_that_cannot_work(advise, arguments, code):
    ended, out, err = advise(*arguments)
    assert (ended, out) == (code, "")
    assert "\nnext: " in err
    assert json.loads(advise(*arguments, "--json")[1])["exit_code"] == code


def test_answers_that_contradict_each_other_are_told_before_the_reasons(advise):
    _, out, _ = advise("--streaming", "--latency-ms", 0, "--audience", "public")
    assert out.count("contradiction: ") == 2
    assert out.index("Hardware") < out.index("contradiction: Rows come as a steady stream") < out.index("Why")
    told = data_of(advise, "--streaming", "--latency-ms", 0)["contradictions"]
    assert [one["rule"] for one in told] == ["stream-and-nobody-waits"]
    assert "contradiction" not in advise("--streaming")[1]


def conversation(arguments, answers):
    """Run the command on a terminal and type ``answers``: what it said there, what it wrote to stdout, its exit code."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env={**os.environ, "TERM": "dumb"}
    ) as process:
        os.close(theirs)
        said = b""
        for answer in answers:
            said = _until_asked(ours, said)
            os.write(ours, answer.encode() + b"\n")
        out = process.stdout.read().decode()
        code = process.wait()
    os.close(ours)
    return said.decode(), out, code


def _until_asked(terminal, said):
    """What was said once a question stands at the end of it."""
    seen = len(said)
    while not said[seen:].rstrip(b" ").endswith(b"]:"):
        assert select.select([terminal], [], [], 60)[0], said
        said += os.read(terminal, 4096)
    return said


def test_on_a_terminal_it_asks_for_what_was_not_said():
    answers = ["public", "0", "", "", "", "", "", "y"]
    said, out, code = conversation(["--rows-per-request", "2"], [*answers[:3], *answers[4:]])
    assert code == 0
    assert "How long may a caller wait" in said
    assert "in a request" not in said
    assert out.startswith("your model: run it by night")
    assumed = out.partition("Assumed")[2].partition("Sources")[0]
    assert "rows a day" not in assumed


def test_what_cannot_be_is_asked_again_there():
    answers = ["martians", "public", "soon", "0", "", "", "", "", "phyton", "python", ""]
    said, out, code = conversation([], [*answers[:-1], "n"])
    assert (code, out.startswith("your model: run it by night")) == (0, True)
    assert "'martians' is no audience" in said
    assert "'soon' is no number" in said
    assert "known are browser, c, c#" in said
    assert [said.count(question) for question in ("Who calls it", "How long may", "written in")] == [2, 2, 2]


def test_with_yes_it_asks_nothing_even_there():
    said, out, code = conversation(["--yes"], [])
    assert (said, code) == ("", 0)
    assert "Assumed" in out


def test_a_pipe_is_asked_nothing():
    ended = subprocess.run([*COMMAND], input="public\n", capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "the callers are your own" in ended.stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_service_that_is_measured_does_not_outlive_it(logistic_pickle, number, code):
    command = [*COMMAND, str(logistic_pickle), "--seconds", "30"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        for line in process.stderr:
            if line.startswith("/predict"):
                break
        (service,) = [pid for pid in _children(process.pid) if b"waiting.py" in _command_line(pid)]
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == code
    assert not Path(f"/proc/{service}").exists()


def _children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _command_line(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()
