"""The README cannot lie: its tour is run, its tables are the code's, its links and commands exist."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"```(python|console)\n(.*?)```", re.DOTALL)


def part(name: str) -> str:
    found = re.search(rf"<!-- {name} -->(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert found
    return found[1]


def as_script(language: str, code: str) -> str:
    """A block of the tour for a shell: the lines after a dollar sign, or Python."""
    if language == "python":
        return f"{shlex.quote(sys.executable)} - <<'END'\n{code}END"
    return "\n".join(line[2:] for line in code.splitlines() if line.startswith("$ "))


def shown(code: str) -> list[str]:
    """The lines of output in a console block, as they have to appear; `...` stands for anything."""
    lines = [line for line in code.splitlines() if not line.startswith("$ ") and line != "..."]
    return [re.escape(line).replace(re.escape("..."), ".*") for line in lines]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where `mlpack` is the command of this very source tree."""
    folder = tmp_path_factory.mktemp("bin")
    command = folder / "mlpack"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mlpack "$@"\n')
    command.chmod(0o755)
    cache = str(tmp_path_factory.mktemp("cache"))
    path = f"{folder}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "MLPACK_CACHE": cache}


def run_block(language: str, code: str, folder: Path, environment: dict[str, str]) -> None:
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", as_script(language, code)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    if language == "console":
        assert re.search(".*\n(.*\n)*".join(shown(code)), ended.stdout), ended.stdout


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """The folder in which the tour was run."""
    folder = tmp_path_factory.mktemp("tour")
    blocks = BLOCK.findall(part("tour"))
    assert len(blocks) >= 4
    for language, code in blocks:
        run_block(language, code, folder, environment)
    return folder


def test_the_tour_works(toured: Path) -> None:
    assert {"cancer.onnx", "parity.json", "cancer.mlpack", "notebook.mlpack"} <= {
        path.name for path in toured.iterdir()
    }


def test_what_is_served_answers(toured: Path, environment: dict[str, str]) -> None:
    """The first block starts the service and shows what it says; the others run beside it, on ports that are free here."""
    with socket.create_server(("127.0.0.1", 0)) as rest, socket.create_server(("127.0.0.1", 0)) as grpc:
        ports = {"8080": str(rest.getsockname()[1]), "8081": str(grpc.getsockname()[1])}
    (_, start), *others = [
        (language, re.sub(r"\b808[01]\b", lambda found: ports[found[0]], code))
        for language, code in BLOCK.findall(part("serve"))
    ]
    chosen = {**environment, "MLPACK_PORT": ports["8080"], "MLPACK_GRPC_PORT": ports["8081"]}
    command = ["bash", "-c", f"exec {as_script('console', start)}"]
    with subprocess.Popen(command, cwd=toured, env=chosen, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout
        try:
            for line in shown(start):
                while not re.match(line, told := service.stdout.readline()):
                    assert told, line
            for language, code in others:
                run_block(language, code, toured, environment)
        finally:
            service.send_signal(signal.SIGINT)
    assert service.returncode == 0


def test_what_is_containerized_answers(toured, environment, engine, base_image) -> None:
    """Python's own image is stood in for by one of the same Python, for there is no registry to have it from."""
    engine.images.get(base_image).tag("python", f"{sys.version_info[0]}.{sys.version_info[1]}-slim")
    with_engine = {**environment, "DOCKER_HOST": os.environ["DOCKER_HOST"]}
    for language, code in BLOCK.findall(part("containerize")):
        run_block(language, code, toured, with_engine)
    assert engine.images.get("cancer:1").labels["mlpack.parity"] == "PASS"
    assert not engine.containers.list(all=True)


def test_what_runs_it_elsewhere_is_written(toured: Path, environment: dict[str, str]) -> None:
    for language, code in BLOCK.findall(part("deploy")):
        run_block(language, code, toured, environment)
    assert {"kubernetes", "compose.yaml", ".github"} <= {path.name for path in toured.iterdir()}


def test_the_generated_parts_are_up_to_date(environment: dict[str, str]) -> None:
    command = [sys.executable, ROOT / "scripts" / "generate_docs.py", "--check"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_every_command_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert {"demo", "test"} <= set(re.findall(r"\$ make (\w+)", README))
    assert all(f"\n{target}:" in makefile for target in re.findall(r"make (\w+)", README))


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
)
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", (ROOT / page).read_text())
    assert not [link for link in links if not ((ROOT / page).parent / link).exists()]
