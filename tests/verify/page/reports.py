"""Reports of real comparisons, drawn from by the tests of the page."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression

from mlpack.isolate.local import LocalWorker
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.align import align
from mlpack.verify.evidence.gather import gather
from mlpack.verify.judge import judgement
from mlpack.verify.parity import measure
from mlpack.verify.peer import Answer, Peer
from mlpack.verify.probe import Probe
from mlpack.verify.report import ParityReport, Party
from mlpack.verify.side import Side
from mlpack.verify.tolerance import Tolerance
from mlpack.verify.trial import Asked, Reference

EVIL = "<script>alert(1)</script>"
TURNED = "abc\u202egnp.exe\x1b[31m\u200b"
PARTIES = (
    Party(f"{EVIL}/\"onload='x'.joblib", "joblib", "sklearn", "ab" * 32, {"scikit-learn": f"1.9{EVIL}"}),
    Party(f"{TURNED}.onnx", "onnx", "onnx", "cd" * 32),
)


def opened(model) -> Peer:
    peer = Peer(LocalWorker(Side()))
    peer.adopt(model)
    return peer


def compare(model, candidate, data=None) -> ParityReport:
    reference = opened(model)
    held = Reference(reference, reference.hints(), data)
    return measure(held, opened(candidate), PARTIES, evidence=True)


@cache
def hostile(weight: float = 1.5) -> ParityReport:
    """A classifier whose columns and labels are markup, turned text and controls, against one with another weight."""
    chance = np.random.default_rng(0)
    columns = [EVIL, TURNED, "</style><img src=x onerror=alert(2)>", "שלום & <b>", "plain"]
    rows = pd.DataFrame(chance.normal(size=(200, 5)), columns=columns)
    labels = np.where(rows["plain"] + rows[EVIL] > 0, f"yes {EVIL}", f"no {TURNED}")
    model = LogisticRegression().fit(rows, labels)
    other = LogisticRegression().fit(rows, labels)
    other.coef_[0, 0] *= weight
    return compare(model, other)


@cache
def passing() -> ParityReport:
    return hostile(1.0)


@cache
def vacuous() -> ParityReport:
    """A model that answers the same to every row."""
    model = LinearRegression()
    model.coef_, model.intercept_, model.n_features_in_ = np.zeros(3), 4.0, 3
    return compare(model, model)


@cache
def largest() -> ParityReport:
    """1,000 columns with long names and 50 outputs, all of them wrong on every one of twenty kinds of input."""
    chance = np.random.default_rng(1)
    names = tuple(f"a measurement with a rather long name, number {place}" for place in range(1000))
    outputs = tuple(TensorSpec(f"output number {place}", "float64", ("batch", 4)) for place in range(50))
    signature = Signature((TensorSpec("input", "float64", ("batch", 1000)),), outputs, columns={"input": names})
    alignment = align(signature, signature)
    tolerances = {spec.name: Tolerance(np.full(1, 1e-6), 1e-6, "dtype", np.ones(1)) for spec in outputs}
    asked = []
    for place in range(20):
        here = {spec.name: chance.normal(size=(200, 4)) for spec in outputs}
        there = {name: array + chance.normal(size=array.shape) * 1e-5 for name, array in here.items()}
        kind = "extreme" if place > 15 else "drawn"
        probe = Probe(f"probe {place}", kind, {"input": chance.normal(size=(200, 1000))})
        asked.append(Asked(probe, Answer(here), Answer(there), rows=200, batch_axes=(("input", 0),)))
    judged = [judgement(item, alignment, tolerances) for item in asked]
    return ParityReport(
        "FAIL",
        "a reason " * 400,
        *PARTIES,
        probes=tuple(one.report for one in judged),
        tolerance={name: tolerance.to_json() for name, tolerance in tolerances.items()},
        evidence=gather(asked, judged, alignment, tolerances),
    )
