"""``mlpack scan`` and ``mlpack trust`` as processes: what they print, how wide, and the code they end with."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = [sys.executable, "-m", "mlpack"]
SYSTEM = b"\x80\x02cposix\nsystem\nX\x0b\x00\x00\x00touch owned\x85R."
UNLISTED = b"\x80\x02cmypackage.features\nScaler\n)\x81."
EMPTY = b"\x80\x02]q\x00."


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A working folder with a file of each verdict and one that is no model."""
    for name, content in (
        ("safe.pkl", EMPTY),
        ("unsafe.pkl", SYSTEM),
        ("mine.pkl", UNLISTED),
        ("cut.pkl", EMPTY[:-1]),
        ("notes.txt", b"dear diary\n"),
    ):
        (tmp_path / "models" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "models" / name).write_bytes(content)
    return tmp_path


def environment(place: Path, **variables: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in {"MLPACK_TRUST_FILE", "NO_COLOR"}}
    return {**inherited, "XDG_CONFIG_HOME": str(place / "config"), "COLUMNS": "80", **variables}


def mlpack(place: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=place,
        env=environment(place, **variables),
        capture_output=True,
        text=True,
        check=False,
    )


def document(place: Path, *arguments: str) -> dict[str, Any]:
    ended = mlpack(place, *arguments, "--json")
    found: dict[str, Any] = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr) == (found["exit_code"], "")
    return found


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_line_a_file_its_findings_and_the_counts(place: Path) -> None:
    ended = mlpack(place, "scan", "models")
    assert (ended.returncode, ended.stderr) == (4, "")
    lines = ended.stdout.splitlines()
    assert [line.split()[:2] for line in lines if "models/" in line and not line.startswith(" ")] == [
        ["corrupt", "models/cut.pkl"],
        ["needs-trust", "models/mine.pkl"],
        ["safe", "models/safe.pkl"],
        ["unsafe", "models/unsafe.pkl"],
    ]
    assert lines[-1] == "4 files: 1 unsafe, 1 corrupt, 1 needs-trust, 1 safe; 1 other: no model"
    assert "  pickle/name  it calls posix.system('touch owned') (byte 2)" in lines
    assert "if you know where it comes from: mlpack trust add models/mine.pkl" in ended.stdout.replace(
        "\n" + 19 * " ", " "
    )
    assert not (place / "owned").exists()


@pytest.mark.parametrize("width", [80, 200])
def test_it_folds_at_spaces_to_the_width_that_there_is(place: Path, width: int) -> None:
    (place / "long.pkl").write_bytes(b"\x80\x02" + b"cmypackage.features\n" + b"Scaler" * 30 + b"\n)\x81.")
    ended = mlpack(place, "scan", ".", COLUMNS=str(width))
    words = "mypackage.features." + "Scaler" * 30
    assert words in ended.stdout
    wide = [line for line in ended.stdout.splitlines() if len(line) > width]
    assert all("Scaler" * 30 in line for line in wide)
    assert bool([line for line in ended.stdout.splitlines() if 80 < len(line) <= 200]) == (width == 200)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["safe.pkl"], 0),
        (["safe.pkl", "mine.pkl"], 11),
        (["mine.pkl", "cut.pkl"], 7),
        (["cut.pkl", "unsafe.pkl"], 4),
        (["nothing.pkl"], 2),
        (["safe.pkl", "nothing.pkl"], 2),
        ([], 2),
    ],
)
def test_the_exit_codes(place: Path, names: list[str], code: int) -> None:
    ended = mlpack(place / "models", "scan", *names)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert (code == 2) == ended.stderr.startswith("error: ")


def test_the_json_document_is_frozen(place: Path) -> None:
    found = document(place, "scan", "models")
    assert (found["command"], found["ok"], found["exit_code"], found["errors"]) == ("scan", False, 4, [])
    assert set(found["data"]) == {"files"}
    for file in found["data"]["files"]:
        assert list(file) == ["path", "format", "sha256", "verdict", "findings"]
        assert file["sha256"] == digest(place / file["path"])
        for finding in file["findings"]:
            assert list(finding) == ["rule", "severity", "message", "member", "offset", "hint", "use", "trusted"]
            assert finding["severity"] in {"error", "warning", "note"}
    assert {file["path"]: file["verdict"] for file in found["data"]["files"]} == {
        "models/cut.pkl": "corrupt",
        "models/mine.pkl": "needs-trust",
        "models/safe.pkl": "safe",
        "models/unsafe.pkl": "unsafe",
    }


def test_quiet_is_a_verdict_a_line(place: Path) -> None:
    assert mlpack(place, "scan", "models", "-q").stdout.splitlines() == [
        "corrupt      models/cut.pkl",
        "needs-trust  models/mine.pkl",
        "safe         models/safe.pkl",
        "unsafe       models/unsafe.pkl",
    ]


def test_a_folder_without_models_says_so(place: Path) -> None:
    (place / "empty").mkdir()
    for flags in ((), ("-q",)):
        ended = mlpack(place, "scan", "empty", *flags)
        assert (ended.returncode, ended.stdout) == (0, "no model files in empty\n")


def test_sarif_goes_to_a_file_beside_what_is_printed(place: Path) -> None:
    ended = mlpack(place, "scan", "models", "--sarif", "scan.sarif")
    assert ended.returncode == 4
    assert "1 unsafe" in ended.stdout
    log = json.loads((place / "scan.sarif").read_text())
    assert (log["version"], log["runs"][0]["invocations"][0]["exitCode"]) == ("2.1.0", 4)


def test_sarif_on_stdout_is_alone_there(place: Path) -> None:
    ended = mlpack(place, "scan", "models", "--sarif", "-")
    assert (ended.returncode, ended.stderr) == (4, "")
    assert json.loads(ended.stdout)["version"] == "2.1.0"
    assert not (place / "-").exists()
    both = mlpack(place, "scan", "models", "--sarif", "-", "--json")
    assert (both.returncode, json.loads(both.stdout)["errors"][0]["type"]) == (2, "UsageError")


def test_sarif_that_cannot_be_written_is_an_error(place: Path) -> None:
    ended = mlpack(place, "scan", "models", "--sarif", "no/folder/scan.sarif")
    assert ended.returncode == 2
    assert "the folder no/folder does not exist" in ended.stderr
    assert "next: mkdir -p no/folder" in ended.stderr


def test_colours_obey_no_color(place: Path) -> None:
    coloured = mlpack(place, "scan", "models", FORCE_COLOR="1")
    plain = mlpack(place, "scan", "models", FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b[1;31munsafe" in coloured.stdout
    assert "\x1b[3" not in plain.stdout


def test_a_name_in_a_file_cannot_write_to_the_terminal(place: Path) -> None:
    name = "\x1b[2J\x1b[1;32msafe\r\nsafe everything\u202e"
    data = b"\x80\x04\x8c\x09mypackage\x8c" + bytes([len(name.encode())]) + name.encode() + b"\x93)\x81."
    (place / "evil\x1b[2J.pkl").write_bytes(data)
    ended = mlpack(place, "scan", ".")
    assert "\x1b" not in ended.stdout
    assert "\u202e" not in ended.stdout
    assert not [line for line in ended.stdout.splitlines() if line.startswith("safe everything")]
    assert "mypackage.\\x1b[2J" in ended.stdout


def test_a_reader_that_leaves_early_is_no_error(place: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [*PROGRAM, "scan", "models"],
        cwd=place,
        env=environment(place),
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_ctrl_c_ends_it_in_the_middle_of_a_large_file(place: Path) -> None:
    large = place / "large.pkl"
    with large.open("wb") as file:
        file.write(b"\x80\x04\x8e" + (60 << 30).to_bytes(8, "little"))
        file.truncate(11 + (60 << 30))
        file.seek(0, os.SEEK_END)
        file.write(b".")
    process = subprocess.Popen(
        [*PROGRAM, "scan", "large.pkl"], cwd=place, env=environment(place), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert wait_for(lambda: is_reading(process.pid, large))
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out, said) == (130, "", "error: interrupted; nothing was written\n")


def is_reading(pid: int, path: Path) -> bool:
    return any(os.path.realpath(link) == str(path) for link in Path(f"/proc/{pid}/fd").iterdir())


def wait_for(look: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not look() and time.monotonic() < deadline:
        time.sleep(0.02)
    return look()


@pytest.mark.parametrize("way", ["--trust", "--allow", "--trust-file", "add", "variable"])
def test_each_way_to_vouch(place: Path, way: str) -> None:
    model = "models/mine.pkl"
    assert mlpack(place, "scan", model).returncode == 11
    flags: list[str] = []
    variables = {}
    match way:
        case "--trust":
            flags = ["--trust", digest(place / model)]
        case "--allow":
            flags = ["--allow", "mypackage.features:Scaler:built"]
        case "add":
            assert mlpack(place, "trust", "add", model).returncode == 0
        case _:
            assert mlpack(place, "trust", "add", model, "--file", "project.json").returncode == 0
            flags = ["--trust-file", "project.json"] if way == "--trust-file" else []
            variables = {} if flags else {"MLPACK_TRUST_FILE": "project.json"}
    ended = mlpack(place, "scan", model, *flags, **variables)
    assert ended.returncode == 0, ended.stderr
    assert "allowed by you" in ended.stdout


@pytest.mark.parametrize(
    ("command", "way"),
    [
        ("convert", "--trust"),
        ("convert", "--allow"),
        ("convert", "--trust-file"),
        ("pack", "--trust-file"),
        ("verify", "--trust-file"),
    ],
)
def test_what_loads_a_model_takes_each_way(place: Path, command: str, way: str) -> None:
    """The class is nowhere to be found, which is only seen once the trust was there."""
    flags = {
        "--trust": ["--trust", digest(place / "models/mine.pkl")],
        "--allow": ["--allow", "mypackage.features:Scaler:built"],
        "--trust-file": ["--trust-file", "project.json"],
    }[way]
    mlpack(place, "trust", "add", "models/mine.pkl", "--file", "project.json")
    arguments = {
        "convert": ["models/mine.pkl", "-o", "out.onnx"],
        "pack": ["models/mine.pkl", "-o", "out.mlpack"],
        "verify": ["models/mine.pkl", "models/mine.pkl"],
    }[command]
    assert mlpack(place, command, *arguments).returncode == 11
    ended = mlpack(place, command, *arguments, *flags)
    assert ended.returncode == 6, ended.stderr
    assert "mypackage" in ended.stderr


def test_wrong_flags_are_told(place: Path) -> None:
    for flags, says in (
        (["--allow", "mypackage:*:built"], "names no use of a name"),
        (["--trust", "yes"], "is not a SHA-256"),
        (["--trust-file", "none.json"], "does not exist"),
    ):
        ended = mlpack(place, "scan", "models", *flags)
        assert ended.returncode == 2
        assert says in ended.stderr
        assert "\nnext: " in ended.stderr


def test_trust_is_kept_listed_and_taken_back(place: Path) -> None:
    own = str(place / "config" / "mlpack" / "trust.json")
    sha256 = digest(place / "models/mine.pkl")
    assert document(place, "trust", "list")["data"] == {"path": own, "files": [], "uses": []}
    added = document(place, "trust", "add", "models/mine.pkl", "models/safe.pkl", "--note", "ours")
    (entry,) = added["data"]["files"]
    assert added["command"] == "trust add"
    assert added["data"]["opens_without"] == ["models/safe.pkl"]
    assert (entry["sha256"], entry["name"], entry["size"], entry["note"]) == (sha256, "mine.pkl", len(UNLISTED), "ours")
    assert document(place, "trust", "list")["data"]["files"] == [entry]
    listed = mlpack(place, "trust", "list").stdout.splitlines()
    assert listed[1] == f"  {sha256}  {entry['date']}  mine.pkl  {len(UNLISTED)} bytes  ours"
    assert mlpack(place, "trust", "list", "-q").stdout == f"{own}: 1 file and 0 uses trusted\n"
    assert document(place, "trust", "remove", "models/mine.pkl")["data"]["files"] == [entry]
    assert mlpack(place, "scan", "models/mine.pkl").returncode == 11


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["add", "models/unsafe.pkl"], 4, "no trust lifts that"),
        (["add", "models/cut.pkl"], 7, "could not be judged"),
        (["add", "models"], 2, "is a folder"),
        (["add", "nothing.pkl"], 2, "neither a file nor a SHA-256"),
        (["add"], 2, "nothing to trust"),
        (["add", "--use", "os:system:called"], 2, "whoever may call this may do anything"),
        (["remove", "0" * 64], 2, "is not in the trust file"),
        (["explode"], 2, "no such command 'explode'"),
    ],
)
def test_what_cannot_be_trusted(place: Path, arguments: list[str], code: int, says: str) -> None:
    ended = mlpack(place, "trust", *arguments)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert says in ended.stderr
    assert "\nnext: " in ended.stderr
    assert not (place / "config" / "mlpack" / "trust.json").exists()


def test_a_trust_file_that_others_can_write_is_refused_by_every_command(place: Path) -> None:
    mlpack(place, "trust", "add", "models/mine.pkl")
    own = place / "config" / "mlpack" / "trust.json"
    own.chmod(0o666)
    for arguments in (["scan", "models"], ["trust", "list"], ["convert", "models/mine.pkl", "-o", "out.onnx"]):
        ended = mlpack(place, *arguments)
        assert ended.returncode == 2
        assert f"chmod go-w {own}" in ended.stderr


def test_a_refusal_shows_what_was_found_and_the_next_step(place: Path) -> None:
    unsafe = mlpack(place, "convert", "models/unsafe.pkl", "-o", "out.onnx")
    assert unsafe.returncode == 4
    assert "it calls posix.system('touch owned') (byte 2)" in unsafe.stderr
    mine = mlpack(place, "convert", "models/mine.pkl", "-o", "out.onnx")
    assert mine.returncode == 11
    assert f"--trust {digest(place / 'models/mine.pkl')}" in mine.stderr
    assert "--allow mypackage.features:Scaler:built" in mine.stderr
    (error,) = document(place, "convert", "models/unsafe.pkl", "-o", "out.onnx")["errors"]
    (finding,) = error["findings"]
    assert (finding["rule"], finding["offset"], finding["use"]) == ("pickle/name", 2, "posix:system:called")
    assert not (place / "out.onnx").exists()
