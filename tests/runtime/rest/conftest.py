"""Real models, packed once a session, each behind a real uvicorn on a real socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

import mlpack
from mlpack.runtime.rest.app import build
from mlpack.runtime.rest.gate import Gate
from mlpack.runtime.service.board import Board
from mlpack.runtime.service.model import open_model
from mlpack.runtime.service.service import Service
from mlpack.runtime.settings import Settings
from mlpack.scaffold.example import example_of
from mlpack.scaffold.schema import schema_source


@dataclass
class Running:
    """A service that answers. ``example`` is a request that works."""

    service: Service
    schema: ModuleType
    gate: Gate
    port: int
    client: httpx.Client

    @property
    def example(self) -> dict[str, Any]:
        return self.schema.EXAMPLE


def schema_of(service: Service, folder: Path) -> ModuleType:
    """The rendered ``schema.py`` of a service, as this process would import it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "example.json").write_text(example_of(service.model.golden, service.signature).text)
    path = folder / "schema.py"
    path.write_text(schema_source(service.signature).replace("from runtime.", "from mlpack.runtime."))
    module = ModuleType("schema")
    module.__file__ = str(path)
    exec(compile(path.read_text(), str(path), "exec", dont_inherit=True), module.__dict__)
    return module


@contextmanager
def running(bundle: Path, folder: Path, *, inline: bool | None = None, **options: Any) -> Iterator[Running]:
    """Serve ``bundle``; ``inline`` decides for the calibration how the model is asked."""
    settings = Settings(model=bundle, **options)
    model = open_model(bundle, settings)
    if inline is not None:
        model = replace(model, plan=replace(model.plan, inline_rows=256 if inline else 0))
    board = Board.create(1)
    board.mark(0, "ready")
    service = Service(settings, model, board)
    schema = schema_of(service, folder)
    gate = build(service, schema)
    with listening(gate) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield Running(service, schema, gate, port, client)
    service.close()


@contextmanager
def listening(application: Any) -> Iterator[int]:
    """The port on which uvicorn serves ``application``."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    config = uvicorn.Config(application, log_level="critical", access_log=False, ws="none", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="session")
def bundles(tmp_path_factory) -> Path:
    """Where the session's bundles lie."""
    return tmp_path_factory.mktemp("bundles")


@pytest.fixture(scope="session")
def flowers_bundle(bundles) -> Path:
    """Four columns with names, three classes with names."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_iris(as_frame=True)
    labels = data.target_names[data.target]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data.data, labels)
    mlpack.pack(model, sample=data.data, path=bundles / "flowers.mlpack")
    return bundles / "flowers.mlpack"


@pytest.fixture(scope="session")
def numbers_bundle(bundles) -> Path:
    """Three columns without names, one number out."""
    from sklearn.linear_model import LinearRegression

    rows = np.random.default_rng(0).normal(size=(80, 3))
    model = LinearRegression().fit(rows, rows @ [1.0, 2.0, 3.0])
    mlpack.pack(model, sample=rows, path=bundles / "numbers.mlpack")
    return bundles / "numbers.mlpack"


@pytest.fixture(scope="session")
def mixed_bundle(bundles) -> Path:
    """Text, floats that may be missing, whole numbers: an input a column."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "city: home": random.choice(["Oslo", "Bergen", "Tromsø"], 200),
            "age": random.integers(18, 90, 200),
            "income": random.normal(5e4, 1e4, 200),
        }
    )
    frame.loc[::9, "income"] = np.nan
    target = (frame["age"] > 50) ^ (frame["city: home"] == "Oslo")
    columns = ColumnTransformer(
        [
            ("city", OneHotEncoder(sparse_output=False), ["city: home"]),
            ("income", SimpleImputer(), ["income"]),
            ("age", "passthrough", ["age"]),
        ]
    )
    model = make_pipeline(columns, HistGradientBoostingClassifier(max_iter=10)).fit(frame, target)
    mlpack.pack(model, sample=frame, path=bundles / "mixed.mlpack")
    return bundles / "mixed.mlpack"


def pack_graph(bundles: Path, name: str, nodes: list[Any], inputs: list[Any], outputs: list[Any]) -> Path:
    """A bundle of a graph written by hand."""
    import onnx

    graph = onnx.helper.make_graph(nodes, name, inputs, outputs)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    path = bundles / f"{name}.onnx"
    onnx.save(model, path)
    mlpack.pack(path, path=bundles / f"{name}.mlpack")
    return bundles / f"{name}.mlpack"


@pytest.fixture(scope="session")
def images_bundle(bundles) -> Path:
    """Images of 4 by 3 with one channel; an image out."""
    from onnx import TensorProto, helper

    return pack_graph(
        bundles,
        "images",
        [helper.make_node("Tanh", ["image"], ["darker"])],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 4, 3, 1])],
        [helper.make_tensor_value_info("darker", TensorProto.FLOAT, ["batch", 4, 3, 1])],
    )


@pytest.fixture(scope="session")
def pair_bundle(bundles) -> Path:
    """Two inputs, one of them of any length, of different dtypes; two outputs."""
    from onnx import TensorProto, helper

    return pack_graph(
        bundles,
        "pair",
        [helper.make_node("Abs", ["ids"], ["sizes"]), helper.make_node("Add", ["scores", "scores"], ["doubled"])],
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"]),
            helper.make_tensor_value_info("scores", TensorProto.DOUBLE, ["batch", 2]),
        ],
        [
            helper.make_tensor_value_info("sizes", TensorProto.INT64, ["batch", "length"]),
            helper.make_tensor_value_info("doubled", TensorProto.DOUBLE, ["batch", 2]),
        ],
    )


@pytest.fixture(scope="session")
def scalars_bundle(bundles) -> Path:
    """One whole number a row."""
    from onnx import TensorProto, helper

    return pack_graph(
        bundles,
        "scalars",
        [helper.make_node("Neg", ["number"], ["negated"])],
        [helper.make_tensor_value_info("number", TensorProto.INT32, ["batch"])],
        [helper.make_tensor_value_info("negated", TensorProto.INT32, ["batch"])],
    )


@pytest.fixture(scope="session")
def flowers(flowers_bundle, tmp_path_factory) -> Iterator[Running]:
    with running(flowers_bundle, tmp_path_factory.mktemp("flowers"), inline=True) as service:
        yield service


@pytest.fixture(scope="session")
def numbers(numbers_bundle, tmp_path_factory) -> Iterator[Running]:
    with running(numbers_bundle, tmp_path_factory.mktemp("numbers"), inline=False) as service:
        yield service


@pytest.fixture(scope="session")
def mixed(mixed_bundle, tmp_path_factory) -> Iterator[Running]:
    with running(mixed_bundle, tmp_path_factory.mktemp("mixed")) as service:
        yield service


@pytest.fixture(scope="session")
def images(images_bundle, tmp_path_factory) -> Iterator[Running]:
    with running(images_bundle, tmp_path_factory.mktemp("images")) as service:
        yield service


@pytest.fixture(scope="session")
def pair(pair_bundle, tmp_path_factory) -> Iterator[Running]:
    with running(pair_bundle, tmp_path_factory.mktemp("pair")) as service:
        yield service


@pytest.fixture(scope="session")
def scalars(scalars_bundle, tmp_path_factory) -> Iterator[Running]:
    with running(scalars_bundle, tmp_path_factory.mktemp("scalars")) as service:
        yield service


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[..., Running]]:
    """Serves a bundle with settings of its own until the test ends."""
    with ExitStack() as stack:
        folders = iter(tmp_path / str(number) for number in range(100))
        yield lambda bundle, **options: stack.enter_context(running(bundle, next(folders), **options))
