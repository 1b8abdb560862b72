"""Says what a file that is no model looks like, from its first bytes, and what to do with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlpack.scan.compression import compression_of

_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x7f]")


@dataclass(frozen=True)
class Look:
    """``what`` it is, in a few words with an article, and the ``hint`` of what to type."""

    what: str
    hint: str = "name the model file"


_MAGIC: tuple[tuple[bytes, Look], ...] = (
    (b"\x93NUMPY", Look("a NumPy array (.npy)", "name the model; rows go with it, as --data")),
    (b"PAR1", Look("a Parquet table", "name the model; rows go with it, as --data")),
    (b"ARROW1", Look("an Arrow table", "convert it to Parquet and name the model; rows go with it, as --data")),
    (b"\x89PNG", Look("a PNG image")),
    (b"\xff\xd8\xff", Look("a JPEG image")),
    (b"%PDF", Look("a PDF document")),
    (b"\x7fELF", Look("a program or shared library")),
    (b"SQLite format 3", Look("an SQLite database")),
    (b"GGUF", Look("a GGUF language model", "mlpack serves ONNX, TorchScript, Keras, torch and scikit-learn models")),
    (b"{L\x00\x00", Look("an XGBoost model in UBJSON", "load it into an estimator and joblib.dump that")),
    (
        b"ZF0x",
        Look("a joblib file of before joblib 0.10", "load it with that joblib, save it with a newer one"),
    ),
    (b"CBM1", Look("a CatBoost model", 'export it: model.save_model("model.onnx", format="onnx")')),
    (
        b"binf",
        Look("an XGBoost model in its old binary form", "load it with that XGBoost and joblib.dump the estimator"),
    ),
)
_XGBOOST = Look("an XGBoost model in JSON", "load it: XGBClassifier().load_model(path), then joblib.dump the estimator")
_LIGHTGBM = Look(
    "a LightGBM model in text", "joblib.dump the LGBMClassifier or LGBMRegressor instead of its booster's text"
)
_LFS = Look("a Git LFS pointer, not the file itself", "git lfs pull")


def look_of(head: bytes, names: tuple[str, ...]) -> Look | None:
    """What a file looks like whose first bytes are ``head`` and whose members, for a zip, are ``names``."""
    for magic, look in _MAGIC:
        if head.startswith(magic):
            return look
    if head[4:8] == b"TFL3":
        return Look("a TensorFlow Lite model", "save the Keras model that it was made from: model.save('model.keras')")
    if head.startswith(b"PK"):
        return _zip_look(names)
    if head[257:262] == b"ustar":
        return Look("a tar archive", "unpack it and name the model file inside")
    compression = compression_of(head)
    if compression:
        return Look(f"{compression}-compressed data that are no pickle", "decompress it and name the model file inside")
    if _is_safetensors(head):
        return Look(
            "a safetensors file: weights only", "save the whole module: torch.jit.script(model).save('model.pt')"
        )
    return _text_look(head) if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """No control characters, and mostly ASCII: UTF-8 and Latin-1 alike."""
    return not _CONTROLS.search(head) and 2 * sum(byte < 0x80 for byte in head) > len(head)


def _zip_look(names: tuple[str, ...]) -> Look:
    if names and all(name.endswith(".npy") for name in names):
        return Look("a NumPy archive (.npz)", "name the model; rows go with it, as --data")
    if "schema.json" in names:
        return Look("a skops file", "load it with skops.io.load and joblib.dump the estimator")
    if any(name.endswith("archive_format") for name in names):
        return Look("a torch.export archive (.pt2)", "export the module again: torch.onnx.export, or torch.jit.script")
    if "[Content_Types].xml" in names:
        return Look("an Office document", "save the table as CSV and name the model; rows go with it, as --data")
    if any(name.endswith("saved_model.pb") for name in names):
        return Look("a zipped TensorFlow SavedModel", "save the Keras model itself: model.save('model.keras')")
    shown = ", ".join(names[:3])
    return Look(f"a zip archive ({shown})" if shown else "a damaged zip archive", "unzip it and name the model inside")


def _is_safetensors(head: bytes) -> bool:
    """Eight bytes of length, then a JSON header."""
    return (
        len(head) > 9
        and head[8:9] == b"{"
        and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000
        and b'"' in head[:64]
    )


def _text_look(head: bytes) -> Look:
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    first = text.partition("\n")[0].strip()
    if text.startswith("version https://git-lfs"):
        return _LFS
    if first == "tree" and "version=" in text[:200]:
        return _LIGHTGBM
    if text[:1] in "{[" and text:
        return _json_look(text)
    if text[:1] == "<":
        return Look("an HTML or XML page", "the download may have ended at a login or error page: open it and see")
    if re.search(r"^(#!.*python|import \w+|from [\w.]+ import |def \w+\(|class \w+)", text, re.MULTILINE):
        return Look("Python source", "run it to get the model, and save that")
    return _table_look(text.splitlines()) or Look("a text file")


def _table_look(lines: list[str]) -> Look | None:
    """A table has the same count of separators in its first lines; quoted cells may hold more of them."""
    for separator, name in ((",", "a CSV table"), ("\t", "a table with tabs"), (";", "a table with semicolons")):
        counts = [re.sub(r'"[^"]*"', "", line).count(separator) for line in lines[:3] if line.strip()]
        if counts and counts[0] and len(set(counts)) == 1:
            return Look(
                name,
                "name the model; rows go with it, as --data"
                if separator == ","
                else "save it as CSV and name the model; rows go with it, as --data",
            )
    return None


def _json_look(text: str) -> Look:
    if '"learner"' in text[:2000]:
        return _XGBOOST
    if '"class_name"' in text[:2000] and '"config"' in text[:4000]:
        return Look("a Keras architecture without weights", "save the whole model: model.save('model.keras')")
    if ('"cells"' in text[:2000] and '"nbformat"' in text) or '"cell_type"' in text[:2000]:
        return Look("a Jupyter notebook", "run it, and save the model from there")
    first = text.partition("\n")[0].strip()
    if text.startswith("{") and first.endswith("}") and len(first) < len(text.strip()):
        return Look("JSON lines", "name the model; rows go with it, as --data")
    return Look("a JSON document")
