"""A network that answers NaN on purpose, and one that does so by chance."""

import numpy as np
import torch
from torch import nn

import mlpack


class Cleaned(nn.Module):
    """A network that answers NaN on purpose."""

    def __init__(self, clean: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.clean = clean

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        if self.clean:
            rows = torch.nan_to_num(rows, 0.0, 1.0, -1.0)
        return torch.softmax(self.layer(rows), 1)


def test_a_network_that_takes_nan_on_purpose_is_held_to_it(tmp_path):
    careful, careless = Cleaned(clean=True).eval(), Cleaned(clean=False).eval()
    careless.load_state_dict(careful.state_dict())
    torch.jit.script(careful).save(tmp_path / "careful.pt")
    torch.jit.script(careless).save(tmp_path / "careless.pt")
    rows = np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32)
    report = mlpack.verify(tmp_path / "careful.pt", tmp_path / "careless.pt", data=rows)
    assert report.verdict == "FAIL"
    assert "missing" in [probe.kind for probe in report.probes if probe.verdict == "FAIL"]
    assert mlpack.verify(tmp_path / "careful.pt", tmp_path / "careful.pt", data=rows).verdict == "PASS"
