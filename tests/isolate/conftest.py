"""A house to be burgled: a home with a key in it, a model among other files, and a worker that may read only that model."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlpack.core.errors import WorkerError
from mlpack.isolate import Sandbox, Worker

SECRET = "the key to everything"


@dataclass(frozen=True)
class House:
    home: Path
    real_home: Path
    key: Path
    model: Path
    neighbour: Path
    results: Path
    worker: Worker

    def refuses(self, method: str, **arguments: object) -> None:
        """The worker tries, and the kernel says no."""
        plain = {name: str(value) if isinstance(value, Path) else value for name, value in arguments.items()}
        with pytest.raises(WorkerError, match=r"PermissionError|Errno 18\] Invalid cross-device link"):
            self.worker.call(method, **plain)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    real_home = Path.home()
    home, models, results = tmp_path / "home", tmp_path / "models", tmp_path / "results"
    for folder in (home, home / ".ssh", models, results):
        folder.mkdir()
    key, model, neighbour = home / ".ssh" / "id_ed25519", models / "model.bin", models / "customers.csv"
    key.write_text(SECRET)
    model.write_text("a model")
    neighbour.write_text(SECRET)
    monkeypatch.setenv("HOME", str(home))
    sandbox = Sandbox(reads=(model,), writes=(results,))
    with Worker("burglar:Burglar", sandbox=sandbox, require_sandbox=True) as worker:
        yield House(home, real_home, key, model, neighbour, results, worker)
