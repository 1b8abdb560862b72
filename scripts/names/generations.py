"""Older releases of the libraries, whose files are still about: what they are made with, each in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Generation:
    """Releases that were current together. ``newest_python`` is the last Python that they have wheels for."""

    requirements: tuple[str, ...]
    newest_python: tuple[int, int]


OLDER = (
    Generation(
        (
            *("scikit-learn==1.3.2", "numpy==1.26.4", "scipy==1.11.4", "pandas==2.2.3", "joblib==1.3.2"),
            *("xgboost-cpu==2.1.4", "lightgbm==4.3.0"),
        ),
        (3, 12),
    ),
    Generation(
        (
            *("scikit-learn==1.5.2", "numpy==2.0.2", "scipy==1.14.1", "pandas==2.2.3"),
            *("xgboost-cpu==2.1.4", "lightgbm==4.5.0"),
        ),
        (3, 12),
    ),
    Generation(
        (
            *("scikit-learn==1.7.2", "numpy==2.2.6", "scipy==1.16.3", "pandas==2.3.3"),
            *("xgboost-cpu==3.0.5", "lightgbm==4.6.0"),
        ),
        (3, 13),
    ),
)


def oldest() -> Generation:
    """The oldest generation that this Python can run."""
    return next(generation for generation in OLDER if sys.version_info[:2] <= generation.newest_python)


@contextmanager
def environment(generation: Generation) -> Iterator[Path]:
    """The Python of a new environment that holds ``generation``, and is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        install = (python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:")
        subprocess.run([*install, *generation.requirements], check=True)
        yield python
