"""The verdict of a diagnosis and the commands it ends with."""

from __future__ import annotations

import pytest

from mlpack.core.registry import BrokenPlugin
from mlpack.core.view import Line
from mlpack.doctor import doctor
from mlpack.doctor.diagnosis import Diagnosis
from mlpack.doctor.libraries import Library
from mlpack.doctor.machine import Engine, Machine
from mlpack.isolate.protection import Gap, Protection

MACHINE = Machine("3.11.7", "/usr/bin/python3", "Linux x86_64", 2, 8 * 10**9)
NUMPY = Library("numpy", "2.4.6", ">=1.26", (), "ok")
WHOLE = Protection(landlock=7, seccomp=True)
TORCH = Library("torch", "2.13.0", ">=2.7", ("torch",), "ok")


def diagnosis(*libraries: Library, plugins: tuple[BrokenPlugin, ...] = (), sandbox: Protection = WHOLE) -> Diagnosis:
    return Diagnosis(MACHINE, libraries, plugins, Engine("", "nobody answers"), sandbox)


def lines(found: Diagnosis) -> list[str]:
    return [block.text for block in found.view() if isinstance(block, Line)]


@pytest.mark.parametrize(
    ("libraries", "code", "verdict"),
    [
        ((NUMPY, TORCH), 0, "mlpack works, with every extra"),
        ((NUMPY, Library("torch", "", ">=2.7", ("torch",), "missing")), 0, "mlpack works; extras not installed: torch"),
        (
            (NUMPY, Library("protobuf", "7.1", "<7", ("keras",), "unfit")),
            0,
            "mlpack works, but these versions do not fit: protobuf 7.1",
        ),
        ((Library("numpy", "", ">=1.26", (), "missing"), TORCH), 6, "mlpack cannot work: numpy is missing"),
        ((), 0, "mlpack-toolkit is not installed, so nothing says what it needs; next: pip install -e ."),
    ],
)
def test_the_verdict(libraries: tuple[Library, ...], code: int, verdict: str) -> None:
    found = diagnosis(*libraries)
    assert found.exit_code == code
    assert lines(found)[0] == verdict


def test_each_command_is_shown_once() -> None:
    missing = [Library(name, "", "", ("keras",), "missing") for name in ("keras", "tf2onnx")]
    assert lines(diagnosis(NUMPY, *missing)).count("  pip install 'mlpack-toolkit[keras]'") == 1


def test_a_broken_plugin_is_named() -> None:
    broken = BrokenPlugin("mlpack.formats", "safetensors", "ImportError: no module named x")
    found = diagnosis(NUMPY, plugins=(broken,))
    assert "broken plug-in safetensors of mlpack.formats: ImportError: no module named x" in lines(found)
    assert found.to_json()["broken_plugins"] == [
        {"group": "mlpack.formats", "name": "safetensors", "reason": "ImportError: no module named x"}
    ]


def test_what_the_sandbox_lacks_is_named_with_what_to_do_about_it() -> None:
    gap = Gap("seccomp", "the library libseccomp is not installed", "apt install libseccomp2")
    found = diagnosis(NUMPY, sandbox=Protection(landlock=7, missing=(gap,)))
    assert "no seccomp around models: the library libseccomp is not installed; next: apt install libseccomp2" in lines(
        found
    )
    assert found.exit_code == 0
    assert found.to_json()["sandbox"]["state"] == "partial"
    assert found.to_json()["sandbox"]["missing"] == [gap.to_json()]


def test_the_real_one_has_no_broken_plugin_and_shows_itself_in_a_notebook() -> None:
    found = doctor()
    assert found.exit_code == 0
    assert found.plugins == ()
    assert found.sandbox.full
    assert "<table>" in found._repr_html_()
