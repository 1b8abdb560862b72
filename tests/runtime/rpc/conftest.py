"""Packed models, each served over gRPC on a socket of its own by an event loop in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

import mlpack
from mlpack.runtime.manifest import read_manifest
from mlpack.runtime.rpc import open_inference_pb2
from mlpack.runtime.rpc.outline import Outline, outline_of
from mlpack.runtime.rpc.server import Running, serve_grpc
from mlpack.runtime.service.board import Board
from mlpack.runtime.service.model import open_model
from mlpack.runtime.service.service import Service
from mlpack.runtime.settings import Settings
from mlpack.runtime.signature import Signature


@dataclass
class Served:
    """A running service: where it is, what it is, and the messages to speak with it."""

    port: int
    service: Service
    messages: Any
    outline: Outline
    server: Running
    loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def predict(self, request: Any, channel: grpc.Channel | None = None, **options: Any) -> Any:
        """The answer of the typed service."""
        return self.call(
            f"/{self.outline.full_name}/Predict", request, self.messages.PredictResponse, channel, **options
        )

    def infer(self, request: Any, channel: grpc.Channel | None = None, **options: Any) -> Any:
        return self.oip("ModelInfer", request, channel, **options)

    def oip(self, method: str, request: Any, channel: grpc.Channel | None = None, **options: Any) -> Any:
        response = getattr(open_inference_pb2, f"{method}Response")
        return self.call(f"/inference.GRPCInferenceService/{method}", request, response, channel, **options)

    def call(self, path: str, request: Any, response: Any, channel: Any = None, **options: Any) -> Any:
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        options.setdefault("timeout", 20)
        if channel is not None:
            return response.FromString(channel.unary_unary(path)(raw, **options))
        with grpc.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1)]) as own:
            return response.FromString(own.unary_unary(path)(raw, **options))

    def on_loop(self, work: Any) -> Any:
        """What the coroutine ``work`` gives on the loop of the service."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


@contextmanager
def serving(bundle: Path, **options: Any) -> Iterator[Served]:
    """``bundle`` behind gRPC, on a free port."""
    settings = Settings(model=bundle, **options)
    model = open_model(bundle, settings)
    board = Board.create()
    board.mark(0, "ready")
    messages = messages_of(model.signature, model.manifest.name)
    outline = outline_of(model.signature, model.manifest.name)
    started: Future[Served] = Future()

    async def run() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        service = Service(settings, model, board)
        try:
            server, port = await serve_grpc(service, messages, settings, 0)
        except Exception as error:
            started.set_exception(error)
            return
        served = Served(port, service, messages, outline, server, loop)
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        started.set_result(served)
        await stop.wait()
        await server.stop(0)
        service.close()

    stops: list[Any] = []
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield started.result(30)
    finally:
        for stop in stops:
            stop()
        thread.join(30)


def messages_of(signature: Signature, name: str) -> Any:
    """The compiled messages of a model, in a pool of their own: one process has one ``model.proto``, and tests have many."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from grpc_health.v1 import health_pb2
    from grpc_reflection.v1alpha import reflection_pb2

    pool = descriptor_pool.DescriptorPool()
    for module in (open_inference_pb2, health_pb2, reflection_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    compiled = descriptor_pb2.FileDescriptorSet.FromString(descriptors_of(signature, name))
    pool.AddSerializedFile(compiled.file[0].SerializeToString())
    file = pool.FindFileByName("model.proto")
    kinds = {name: message_factory.GetMessageClass(kind) for name, kind in file.message_types_by_name.items()}
    return SimpleNamespace(DESCRIPTOR=file, **kinds)


def descriptors_of(signature: Signature, name: str) -> bytes:
    """What protoc makes of the rendered ``model.proto``, as a FileDescriptorSet."""
    import tempfile

    from mlpack.scaffold.proto import context, run_protoc
    from mlpack.scaffold.templates import render

    with tempfile.TemporaryDirectory() as folder:
        proto, compiled = Path(folder, "model.proto"), Path(folder, "model.set")
        proto.write_text(render("service/model.proto.j2", context(signature, name)), encoding="utf-8")
        run_protoc([f"-I{folder}", f"--descriptor_set_out={compiled}", str(proto)])
        return compiled.read_bytes()


def packed(shelf: Path, model: Any, name: str, **options: Any) -> Path:
    """A fitted scikit-learn model as a bundle."""
    import joblib

    file, bundle = shelf / f"{name}.joblib", shelf / f"{name}.mlpack"
    joblib.dump(model, file)
    mlpack.pack(file, bundle, **options)
    assert read_manifest(bundle).name == name
    return bundle


@pytest.fixture(scope="session")
def serve():
    """Gives `serving`, to serve a bundle with other settings."""
    return serving


@pytest.fixture(scope="session")
def pack_model(shelf):
    """Gives a function that makes a bundle of a fitted scikit-learn model."""
    return partial(packed, shelf)


@pytest.fixture(scope="session")
def messages_for():
    """Gives `messages_of`, whose classes are made once."""
    made: dict[str, Any] = {}

    def messages(signature: Signature, name: str) -> Any:
        key = f"{name} {signature.to_json()}"
        if key not in made:
            made[key] = messages_of(signature, name)
        return made[key]

    return messages


@pytest.fixture(scope="session")
def logistic(logistic_pickle, shelf) -> Iterator[Served]:
    """30 columns without names, two classes."""
    bundle = shelf / "rpc-logistic.mlpack"
    mlpack.pack(logistic_pickle, bundle)
    with serving(bundle) as served:
        yield served


@pytest.fixture(scope="session")
def flowers():
    """Irises with a column of text that is worked out of the others."""
    import numpy as np
    from sklearn.datasets import load_iris

    data = load_iris(as_frame=True)
    rows = data.data.copy()
    rows["petal size"] = np.where(rows["petal length (cm)"] > 4.5, "large", "small")
    return rows, data.target_names[data.target]


@pytest.fixture(scope="session")
def flower_model(flowers):
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rows, labels = flowers
    split = make_column_transformer(
        (StandardScaler(), list(rows.columns[:4])), (OneHotEncoder(sparse_output=False), ["petal size"])
    )
    return make_pipeline(split, LogisticRegression(max_iter=500)).fit(rows, labels)


@pytest.fixture(scope="session")
def flower_bundle(flower_model, shelf) -> Path:
    return packed(shelf, flower_model, "rpc-flowers")


@pytest.fixture(scope="session")
def flower_service(flower_bundle) -> Iterator[Served]:
    """Records: four numbers and a text, three classes with names."""
    with serving(flower_bundle) as served:
        yield served


@pytest.fixture(scope="session")
def costly(cancer):
    """A network that takes some milliseconds for some hundred rows."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    with warnings.catch_warnings(action="ignore"):  # it has not converged, and need not
        return MLPClassifier((1200, 1200), max_iter=1, random_state=0).fit(cancer[0] / 1000, cancer[1])


@pytest.fixture(scope="session")
def costly_bundle(costly, shelf) -> Path:
    return packed(shelf, costly, "rpc-costly")
