"""The README cannot lie: its tour is run, its tables are the code's, its links and commands exist."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pages import BLOCK, ROOT, as_script, command_environment, parts, run_block, shown

README = (ROOT / "README.md").read_text()


def part(name: str) -> str:
    return parts(README, name)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return command_environment(tmp_path_factory)


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


def test_rows_of_a_file_are_answered(toured: Path, environment: dict[str, str]) -> None:
    for language, code in BLOCK.findall(part("batch")):
        run_block(language, code, toured, environment)


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
