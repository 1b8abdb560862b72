"""Each example is run as its page tells to, in a folder of its own, and has to show what the page shows."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from pages import BLOCK, ROOT, command_environment, parts, run_block

EXAMPLES = ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/run.py"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where `mlpack` and `python` are those of this environment."""
    found = command_environment(tmp_path_factory)
    own, _, others = found["PATH"].partition(os.pathsep)
    path = os.pathsep.join((own, str(Path(sys.executable).parent), others))
    return {**found, "PATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}


def run_page(name: str, folder: Path, environment: dict[str, str]) -> None:
    place = shutil.copytree(EXAMPLES / name, folder / name)
    blocks = BLOCK.findall(parts((place / "README.md").read_text(), "run"))
    assert blocks[0][1].startswith("$ python run.py\n")
    for language, code in blocks:
        run_block(language, code, place, environment)


@pytest.mark.parametrize("name", [name for name in NAMES if "container" not in name])
def test_an_example_does_what_its_page_shows(name: str, tmp_path: Path, environment: dict[str, str]) -> None:
    run_page(name, tmp_path, environment)


def test_the_example_of_a_container_does_what_its_page_shows(tmp_path, environment, engine, base_image) -> None:
    """Python's own image is stood in for by one of the same Python, for there is no registry to have it from."""
    engine.images.get(base_image).tag("python", f"{sys.version_info[0]}.{sys.version_info[1]}-slim")
    run_page("tabular-to-container", tmp_path, {**environment, "DOCKER_HOST": os.environ["DOCKER_HOST"]})
    assert engine.images.get("wine:1").labels["mlpack.parity"] == "PASS"
    assert not engine.containers.list(all=True)


def test_each_example_is_a_page_and_a_script_that_is_read_at_a_glance() -> None:
    assert len(NAMES) == 5
    for name in NAMES:
        assert {path.name for path in (EXAMPLES / name).iterdir() if path.is_file()} == {"README.md", "run.py"}
        code = [line for line in (EXAMPLES / name / "run.py").read_text().splitlines() if line.strip(" ()[]")]
        assert len(code) <= 45, name


def test_the_readme_leads_to_each_example() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in NAMES if f"(examples/{name}/README.md)" not in readme] == []
