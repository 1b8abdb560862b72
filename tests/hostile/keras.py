"""Keras models: code in the configuration, names that reach out, files that a layer reads."""

from __future__ import annotations

import base64
import io
import json
import marshal
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

from hostile.corpus import Harm, Hostile
from hostile.format_loaders import SECRET

_METADATA = {"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}
Config = dict[str, Any]


def marshalled(canary: Path) -> str:
    """``lambda x: x`` that creates ``canary`` first, as Keras writes it."""
    module = compile(f"lambda x: (__import__('pathlib').Path({str(canary)!r}).touch(), x)[1]", "model", "exec")
    code = next(one for one in module.co_consts if isinstance(one, CodeType))
    return base64.encodebytes(marshal.dumps(code)).decode()


def layer(kind: str, **config: Any) -> Config:
    """A layer as Keras 3 writes it."""
    settings = {"name": f"the-{kind.lower()}", "trainable": True, "dtype": "float32", **config}
    return {"module": "keras.layers", "class_name": kind, "config": settings, "registered_name": None}


def dense(**config: Any) -> Config:
    """A Dense layer of two units."""
    return layer("Dense", units=2, use_bias=False, **config)


def model(*layers: Config, words: bool = False) -> Config:
    """A Sequential of ``layers``, which takes four numbers, or one word."""
    kind = {"batch_shape": [None, 1], "dtype": "string"} if words else {"batch_shape": [None, 4], "dtype": "float32"}
    start = layer("InputLayer", **kind, sparse=False, ragged=False)
    config = {"name": "s", "trainable": True, "dtype": "float32", "layers": [start, *layers]}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}


def weights() -> bytes:
    """Weights of one Dense layer."""
    import h5py
    import numpy as np

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["layers/dense/vars/0"] = np.zeros((4, 2), np.float32)
    return content.getvalue()


def archived(path: Path, config: Config, members: Mapping[str, bytes] | None = None) -> Path:
    """A ``.keras`` archive with ``config``, and further ``members``."""
    content = {
        "metadata.json": json.dumps(_METADATA).encode(),
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": weights(),
        **(members or {}),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def old(path: Path, config: Config, fill: Callable[[Any], object] | None = None, **texts: str) -> Path:
    """An HDF5 file of Keras with ``config``; ``fill`` puts more into its group of weights."""
    import h5py
    import numpy as np

    with h5py.File(path, "w") as file:
        file.attrs.update(
            {"model_config": json.dumps(config), "keras_version": "3.15.1", "backend": "tensorflow", **texts}
        )
        group = file.create_group("model_weights")
        kinds = [one["class_name"] for one in config["config"]["layers"]]
        group.attrs["layer_names"] = np.array([b"the-dense"] if "Dense" in kinds else [], "S9")
        inner = group.create_group("the-dense")
        inner.attrs["weight_names"] = np.array([b"kernel"])
        if fill:
            fill(inner)
        else:
            inner["kernel"] = np.zeros((4, 2), np.float32)
    return path


Make = Callable[[Path, Path], Config]


def in_archive(make: Make) -> Callable[[Path, Path], Path]:
    """Writes what ``make`` gives for the folder and the canary as ``.keras``."""
    return lambda folder, canary: archived(folder / "model.keras", make(folder, canary))


def in_hdf5(make: Make) -> Callable[[Path, Path], Path]:
    """Writes what ``make`` gives as ``.h5``."""
    return lambda folder, canary: old(folder / "model.h5", make(folder, canary))


def packed(canary: Path, key: str = "code") -> Config:
    """A function with code; an activation has it under ``value``."""
    code = [marshalled(canary), None, None]
    parts = {"value": code} if key == "value" else {"code": code[0], "defaults": None, "closure": None}
    return {"class_name": "__lambda__", "config": parts}


def as_lambda(_: Path, canary: Path) -> Config:
    """A Lambda layer."""
    return model(layer("Lambda", function=packed(canary), arguments={}))


def as_old_lambda(_: Path, canary: Path) -> Config:
    """A Lambda layer as Keras 2 wrote it, which Keras 3 still takes: without a module."""
    old_layer = {"class_name": "Lambda", "config": {"name": "old", "function": [marshalled(canary), None, None]}}
    return model(old_layer)


def as_activation(_: Path, canary: Path) -> Config:
    """Code for an activation, deep in an honest layer."""
    return model(dense(activation=packed(canary, "value")))


def in_wrapper(_: Path, canary: Path) -> Config:
    """A Lambda layer in a wrapper."""
    inner = layer("Lambda", function=packed(canary), arguments={})
    reshaped = layer("Reshape", target_shape=[2, 2])
    return model(reshaped, layer("TimeDistributed", layer=inner))


def as_loss(_: Path, canary: Path) -> Config:
    """Code for a loss: it runs when somebody goes on training."""
    return {
        **model(dense(activation="linear")),
        "compile_config": {"optimizer": "adam", "loss": packed(canary, "value")},
    }


def as_torch_module(_: Path, canary: Path) -> Config:
    """A pickle of torch in a layer, packed once more."""
    program = f"cpathlib\nPath\nX{len(str(canary)).to_bytes(4, 'little').decode('latin-1')}{canary}"
    opcodes = f"\x80\x02cbuiltins\ngetattr\n({program}\x85RX\x05\x00\x00\x00touchtR)R.".encode("latin-1")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("m/data.pkl", opcodes)
        archive.writestr("m/version", b"3\n")
        archive.writestr("m/byteorder", b"little")
    return model(layer("TorchModuleWrapper", module=base64.b64encode(content.getvalue()).decode()))


def from_file(folder: Path, _: Path) -> Config:
    """A vocabulary that is the name of a file."""
    secret = folder.parent / "secret.txt"
    secret.write_text(f"one\n{SECRET}\n")
    return model(layer("StringLookup", vocabulary=str(secret), num_oov_indices=1), words=True)


def from_file_in_text(folder: Path, canary: Path) -> Config:
    """The same in a TextVectorization."""
    secret = from_file(folder, canary)["config"]["layers"][1]["config"]["vocabulary"]
    usual = {
        "standardize": "lower",
        "split": "whitespace",
        "ngrams": None,
        "output_mode": "int",
        "pad_to_max_tokens": False,
    }
    settings = {**usual, "output_sequence_length": 3, "sparse": False, "ragged": False, "idf_weights": None}
    return model(layer("TextVectorization", vocabulary=secret, max_tokens=9, **settings), words=True)


def naming(part: Any) -> Make:
    """An activation that is ``part``."""
    return lambda folder, canary: model(dense(activation=part))


def function(module: str, name: str) -> Config:
    """A function by its name, as Keras 3 writes it."""
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def built(kind: str, module: str | None = None, **more: Any) -> Make:
    """A layer of a kind that no model has."""
    return lambda folder, canary: model({"module": module, "class_name": kind, "config": {"name": "odd"}, **more})


def by_name(_: Path, __: Path) -> Config:
    """A layer of Keras 2 that calls a function of TensorFlow."""
    return model({"class_name": "TFOpLambda", "config": {"name": "op", "function": "io.write_file"}})


def with_member(name: str, content: bytes, *layers: Config) -> Callable[[Path, Path], Path]:
    """Writes an honest archive with a member more."""
    return lambda folder, canary: archived(
        folder / "model.keras", model(*layers, dense(activation="linear")), {name: content}
    )


def typed(folder: Path, canary: Path) -> Path:
    """HDF5 files may hold objects of TensorFlow, which are built while the text is parsed."""
    config = model(dense(activation={"class_name": "TypeSpec", "type_spec": "tf.RaggedTensorSpec", "serialized": []}))
    return old(folder / "model.h5", config)


def trained(folder: Path, canary: Path) -> Path:
    """Code in what an HDF5 file says of its training."""
    return old(
        folder / "model.h5",
        model(dense(activation="linear")),
        training_config=json.dumps({"loss": packed(canary, "value")}),
    )


def hostile(
    name: str,
    write: Callable[[Path, Path], Path],
    *says: str,
    rule: str = "keras/runs-code",
    harm: Harm = "runs",
    proof: str = "",
    unscanned: str = "keras",
) -> Hostile:
    """An entry of this file."""
    return Hostile(f"keras/{name}", "Keras", write, says, (rule,), harm=harm, proof=proof, unscanned=unscanned)


_UNSAFE = "keras unsafe"
_GADGET = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."

HOSTILE = (
    hostile("lambda", in_archive(as_lambda), "'the-lambda' (Lambda) holds Python bytecode", "pathlib", proof=_UNSAFE),
    hostile("lambda-in-hdf5", in_hdf5(as_lambda), "'the-lambda' (Lambda)", proof=_UNSAFE),
    hostile("lambda-of-keras-2", in_archive(as_old_lambda), "'old' (Lambda)", "pathlib", proof=_UNSAFE),
    hostile("lambda-in-a-wrapper", in_archive(in_wrapper), "(Lambda)", proof=_UNSAFE),
    hostile("code-for-an-activation", in_archive(as_activation), "'the-dense' (Dense)", "pathlib", proof=_UNSAFE),
    # Keras unpacks these when it compiles the model, which mlpack never has it do.
    hostile("code-for-a-loss", in_archive(as_loss), "holds Python bytecode", "pathlib", unscanned=""),
    hostile("code-for-a-loss-in-hdf5", trained, "holds Python bytecode", "pathlib", unscanned=""),
    hostile(
        "torch-module", in_archive(as_torch_module), "(TorchModuleWrapper) holds a pickled torch module", proof=_UNSAFE
    ),
    hostile(
        "saved-model",
        in_archive(lambda folder, _: model(layer("TFSMLayer", filepath=str(folder), call_endpoint="serve"))),
        "(TFSMLayer) loads a TensorFlow graph",
    ),
    hostile("jax", in_archive(lambda _, canary: model(layer("JaxLayer", call_fn=packed(canary)))), "(JaxLayer)"),
    hostile("flax", in_archive(lambda _, canary: model(layer("FlaxLayer", module=packed(canary)))), "(FlaxLayer)"),
    hostile(
        "vocabulary",
        in_archive(from_file),
        "reads the file",
        "secret.txt",
        rule="keras/vocabulary",
        harm="reads",
        proof=_UNSAFE,
    ),
    hostile(
        "vocabulary-of-texts",
        in_archive(from_file_in_text),
        "(TextVectorization) reads the file",
        rule="keras/vocabulary",
        harm="reads",
        proof=_UNSAFE,
    ),
    hostile(
        "vocabulary-in-hdf5", in_hdf5(from_file), "reads the file", rule="keras/vocabulary", harm="reads", proof=_UNSAFE
    ),
    hostile("python", in_archive(naming(function("os", "system"))), "os.system", rule="keras/module"),
    hostile(
        "python-by-builtins", in_archive(naming(function("builtins", "exec"))), "builtins.exec", rule="keras/module"
    ),
    hostile("numpy", in_archive(naming(function("numpy", "load"))), "numpy.load", rule="keras/module"),
    hostile(
        "tensorflow", in_archive(naming(function("tensorflow.io", "write_file"))), "write_file", rule="keras/module"
    ),
    hostile(
        "download",
        in_archive(naming(function("keras.utils", "get_file"))),
        "keras.utils.get_file",
        rule="keras/function",
    ),
    hostile(
        "unlocking",
        in_archive(naming(function("keras.config", "enable_unsafe_deserialization"))),
        "enable_unsafe",
        rule="keras/function",
    ),
    hostile(
        "model-in-a-model",
        in_archive(naming(function("keras.saving", "load_model"))),
        "load_model",
        rule="keras/function",
    ),
    # Keras 3.15 takes this one in safe mode and calls it with what comes in; its defaults download weights. The sandbox has no
    # network.
    hostile(
        "ready-made-network",
        in_archive(naming(function("keras.applications", "ResNet50V2"))),
        "ResNet50V2",
        rule="keras/function",
        unscanned="",
    ),
    hostile("dotted", in_archive(built("layers.Lambda", "keras")), "keras.layers.Lambda", rule="keras/module"),
    hostile(
        "by-its-own-module",
        in_archive(built("get_file", "keras.src.utils.file_utils")),
        "get_file",
        rule="keras/module",
    ),
    hostile("class-that-is-a-function", in_archive(built("deserialize")), "deserialize", rule="keras/module"),
    hostile("dunder", in_hdf5(built("__loader__")), "__loader__", rule="keras/form"),
    hostile("type-specification", typed, "tf.RaggedTensorSpec", rule="keras/form"),
    hostile(
        "operation-of-keras-2",
        in_hdf5(lambda *_: model({"class_name": "TFOpLambda", "config": {"function": "io.write_file"}})),
        "io.write_file",
        rule="keras/function",
    ),
    hostile(
        "endless-layer",
        in_archive(lambda *_: model(layer("Dense", units=1 << 40))),
        "1,099,511,627,776",
        rule="keras/size",
    ),
    hostile("pickle-beside", with_member("model.pkl", _GADGET), "'model.pkl'", rule="keras/member", unscanned=""),
    hostile(
        "asset-that-is-no-text",
        with_member("assets/vocabulary.txt", b"one\n\x80\x04\x95"),
        "no plain text",
        rule="keras/asset",
        unscanned="",
    ),
)
