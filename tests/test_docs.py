"""The pages cannot lie: what they tell to type is run, what is generated is the code's, and they build without a warning."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import BLOCK, ROOT, command_environment, parts, run_block

PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "<!-- run -->" in path.read_text())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return command_environment(tmp_path_factory)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_tells_to_type_works(page: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    blocks = BLOCK.findall(parts(page.read_text(), "run"))
    assert {language for language, _ in blocks} == {"python", "console"}
    for language, code in blocks:
        run_block(language, code, tmp_path, environment)


def test_every_library_has_a_page_that_is_run() -> None:
    assert {"scikit-learn", "boosting", "keras", "torch", "onnx", "tutorial"} == {page.stem for page in PAGES}


def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    command = [Path(sys.executable).parent / "zensical", "build", "--strict", "--config-file", "mkdocs.yml"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "site" / "tutorial" / "index.html").is_file()
