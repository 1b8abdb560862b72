"""Answers, models and measurements for tests of what follows from them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mlpack.advise.answers import Answers
from mlpack.advise.measurements import WAYS, BatchRun, Load, Measurements, ModelFacts

ANSWERS = Answers()
MODEL = ModelFacts("churn", "1", "onnx", "sklearn", 10_000, 30)
NETWORK = replace(MODEL, framework="keras")


def measured(
    processor=100e-6, grpc=None, alone=0.5e-3, alone_grpc=None, rows=1, batch=500_000.0, **more
) -> Measurements:
    """A service that takes ``processor`` seconds for a request, and answers one within ``alone`` seconds."""
    of_grpc = {"gRPC": grpc or processor}
    quick = {"gRPC": alone_grpc or alone}
    together = {way: load(10, of_grpc.get(way, processor), 5e-3) for way in WAYS}
    singly = {way: load(1, of_grpc.get(way, processor), quick.get(way, alone)) for way in WAYS}
    return Measurements(rows, singly, together, 1.0, 100_000_000, BatchRun(4096, batch, 2, 2.0, files=True), 2, **more)


def load(connections, processor, p50) -> Load:
    return Load(connections, 0.95 / processor, p50, 2 * p50, processor)


any_answers = st.builds(
    Answers,
    audience=st.sampled_from(["public", "internal"]),
    latency_ms=st.sampled_from([0.0, 0.1, 5.0, 100.0, 10_000.0, 3_600_000.0, 1e9]),
    rows_per_day=st.sampled_from([1, 1000, 100_000, 10**9, 10**12]),
    rows_per_request=st.sampled_from([1, 99, 100, 20_000, 20_001]),
    bulk_rows=st.sampled_from([0, 1, 10**6, 10**12]),
    clients=st.sampled_from([1, 2, 10_000]),
    languages=st.lists(
        st.sampled_from(["python", "java", "browser", "curl", "r"]), min_size=1, max_size=3, unique=True
    ).map(tuple),
    streaming=st.booleans(),
    images=st.booleans(),
    peak_factor=st.sampled_from([1.0, 3.0, 50.0]),
    price_per_hour=st.sampled_from([0.0, 0.1, 40.0]),
    processors=st.sampled_from([1, 2, 64]),
)
any_model = st.builds(
    ModelFacts,
    st.sampled_from(["churn", "模型", "Churn Model"]),
    st.sampled_from(["1", "2026.1", "not a tag!"]),
    st.sampled_from(["onnx", "torchscript", "joblib", "keras"]),
    st.sampled_from(["sklearn", "keras", "torch"]),
    st.just(10_000),
    st.sampled_from([1, 30, 150_000]),
)
seconds = st.floats(1e-6, 10)
any_measured = st.builds(
    measured,
    processor=seconds,
    grpc=seconds,
    alone=seconds,
    alone_grpc=seconds,
    rows=st.sampled_from([1, 100]),
    batch=st.floats(0.1, 1e8),
)
